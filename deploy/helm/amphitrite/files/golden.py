"""Ask each model about a known input, and compare its answer with the golden one.

    python3 golden.py HOST:PORT NAME...           # ends with 1 if an answer differs
    python3 golden.py HOST:PORT --record NAME...  # prints golden.json

Only the standard library is used, since this runs in Triton's container.
"""

import hashlib
import json
import math
import sys
import urllib.error
import urllib.request
from array import array
from pathlib import Path

GOLDEN = Path(__file__).with_name("golden.json")
SECONDS = 120
# On the scale of an output: float32 on other processors, and TF32 on a GPU, differ by
# less, other weights by more.
TOLERANCE = 0.01
DIGITS = 6


def ask(address, path, body=None, **headers):
    """Return what the server answers, decoded from JSON."""
    request = urllib.request.Request(f"http://{address}{path}", body, headers)
    try:
        with urllib.request.urlopen(request, timeout=SECONDS) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        raise ValueError(error.read().decode(errors="replace")) from error


def tensor(shape):
    """Return the known input of a shape: a wave from 0 to 1."""
    n = math.prod(shape)
    return array("f", (0.5 + 0.5 * math.sin(0.1 * i + 1e-4 * i * i) for i in range(n)))


def weights(address, name):
    """Return a digest of the specification of a model, which names its weights."""
    parameters = ask(address, f"/v2/models/{name}/config")["parameters"]
    specs = {k: v for k, v in parameters.items() if k.startswith("amphitrite.spec.")}
    return hashlib.sha256(json.dumps(specs, sort_keys=True).encode()).hexdigest()


def answers(address, name):
    """Return the mean and the greatest magnitude of each output for the known input.

    Lists of a free length and whole numbers are left out: where a number lies near a
    threshold, they differ from one processor to another.
    """
    model = ask(address, f"/v2/models/{name}")
    fixed = {
        entry["name"]
        for entry in model["outputs"]
        if entry["datatype"] == "FP32" and -1 not in entry["shape"][1:]
    }
    request, tail = {"inputs": []}, b""
    for entry in model["inputs"]:
        if entry["datatype"] != "FP32":
            raise ValueError(f"the input {entry['name']} is no FP32")
        shape = [max(n, 1) for n in entry["shape"]]
        data = tensor(shape).tobytes()
        size = {"binary_data_size": len(data)}
        request["inputs"].append({**entry, "shape": shape, "parameters": size})
        tail += data
    head = json.dumps(request).encode()
    length = {"Inference-Header-Content-Length": str(len(head))}
    found = ask(address, f"/v2/models/{name}/infer", head + tail, **length)
    return {
        output["name"]: [
            round(math.fsum(output["data"]) / len(output["data"]), DIGITS),
            round(max(map(abs, output["data"])), DIGITS),
        ]
        for output in found["outputs"]
        if output["name"] in fixed
    }


def check(address, name, golden):
    """Return a sentence about a model's answer, and whether it is right."""
    found = answers(address, name)
    if not all(math.isfinite(number) for pair in found.values() for number in pair):
        return f"{name} answers with numbers that are not finite: {found}", False
    if name not in golden or golden[name]["weights"] != weights(address, name):
        return f"{name} answers; it has other weights than its golden answer", True
    for output, expected in golden[name]["outputs"].items():
        scale = max(1.0, expected[1])
        pairs = zip(found[output], expected, strict=True)
        if max(abs(a - b) for a, b in pairs) > TOLERANCE * scale:
            return f"{name}: {output} is {found[output]}, and not {expected}", False
    return f"{name} gives its golden answer", True


def main(address, *names):
    """Compare the answers of models, or print them."""
    if names[0] == "--record":
        record = {
            name: {"weights": weights(address, name), "outputs": answers(address, name)}
            for name in names[1:]
        }
        sys.stdout.write(json.dumps(record, indent=1) + "\n")
        return 0
    golden = json.loads(GOLDEN.read_text())
    wrong = 0
    for name in names:
        try:
            sentence, right = check(address, name, golden)
        except (OSError, ValueError, KeyError) as error:
            sentence, right = f"{name} cannot be asked at {address}: {error!r}", False
        sys.stdout.write(sentence + "\n")
        wrong += not right
    return min(wrong, 1)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
