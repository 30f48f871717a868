"""Ask this pod's Triton for one inference of each model, or whether each is ready.

Ends with 0 if every model gives finite numbers of the shapes that it promises, else
with 1 and a sentence.  Python's standard library suffices.
"""

import argparse
import array
import http.client
import json
import math
import sys

# codes of Python's arrays by Triton's names of types
CODES = {"BOOL": "b", "FP32": "f", "FP64": "d"}
CODES |= {"INT8": "b", "INT16": "h", "INT32": "i", "INT64": "q"}
CODES |= {"UINT8": "B", "UINT16": "H", "UINT32": "I", "UINT64": "Q"}
GOLDEN = (5**0.5 - 1) / 2
HEADER = "Inference-Header-Content-Length"


class Failed(Exception):
    """A model, or the server, does not do what it should."""


def ask(options, path, body=None, headers=None):
    """Return the headers and the body of the server's answer."""
    connection = http.client.HTTPConnection(
        "127.0.0.1", options.port, timeout=options.timeout
    )
    try:
        connection.request("POST" if body else "GET", path, body, headers or {})
        answer = connection.getresponse()
        text = answer.read()
    except (OSError, http.client.HTTPException) as error:
        raise Failed(f"port {options.port} gives no answer: {error!r}") from error
    finally:
        connection.close()
    if answer.status != http.HTTPStatus.OK:
        raise Failed(text.decode(errors="replace") or f"HTTP {answer.status}")
    return answer.headers, text


def code(tensor):
    """Return the array code of a tensor's type."""
    if tensor["datatype"] not in CODES:
        raise Failed(f"{tensor['name']} is of the type {tensor['datatype']}")
    return CODES[tensor["datatype"]]


def made(tensor):
    """Return the shape and the bytes of an input: one row of numbers that differ."""
    shape, kind = [max(length, 1) for length in tensor["shape"]], code(tensor)
    fractions = ((i + 1) * GOLDEN % 1 for i in range(math.prod(shape)))
    values = ((0.1 + f) if kind in "fd" else round(f) for f in fractions)
    return shape, array.array(kind, values).tobytes()


def question(inputs):
    """Return the body of a request and the length of its header."""
    tensors, data = [], b""
    for tensor in inputs:
        shape, values = made(tensor)
        size = {"parameters": {"binary_data_size": len(values)}}
        tensors.append({**tensor, "shape": shape, **size})
        data += values
    head = {"inputs": tensors, "parameters": {"binary_data_output": True}}
    text = json.dumps(head).encode()
    return text + data, len(text)


def check(promised, found, data):
    """Raise an error unless an output has its type, its shape and finite numbers."""
    name, shape = promised["name"], found["shape"]
    fits = len(shape) == len(promised["shape"]) and all(
        b in (a, -1) for a, b in zip(shape, promised["shape"], strict=True)
    )
    if not fits or found["datatype"] != promised["datatype"]:
        wanted = f"{promised['datatype']} {promised['shape']}"
        raise Failed(f"{name} is {found['datatype']} {shape}, not {wanted}")
    values = array.array(code(promised), data)
    if len(values) != math.prod(shape):
        raise Failed(f"{name} has {len(values)} numbers, not {math.prod(shape)}")
    # an output of a free length is filled up with NaN
    is_fixed = -1 not in promised["shape"][1:]
    if any(map(math.isinf, values)) or (is_fixed and any(map(math.isnan, values))):
        raise Failed(f"{name} holds numbers that are not finite")


def infer(options, model):
    """Raise an error unless a model gives what its metadata promise."""
    path = f"/v2/models/{model}"
    metadata = json.loads(ask(options, path)[1])
    body, length = question(metadata["inputs"])
    headers, text = ask(options, f"{path}/infer", body, {HEADER: str(length)})
    start, found = int(headers[HEADER]), {}
    for output in json.loads(text[:start])["outputs"]:
        end = start + output["parameters"]["binary_data_size"]
        found[output["name"]] = output, text[start:end]
        start = end
    for promised in metadata["outputs"]:
        if promised["name"] not in found:
            raise Failed(f"{promised['name']} is missing in its answer")
        check(promised, *found[promised["name"]])


def main():
    """Check the models that are named on the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--timeout", type=float, default=10, help="s for an answer")
    parser.add_argument("--ready", action="store_true", help="infer nothing")
    parser.add_argument("models", nargs="+", metavar="NAME")
    options = parser.parse_args()
    for model in options.models:
        try:
            if options.ready:
                ask(options, f"/v2/models/{model}/ready")
            else:
                infer(options, model)
        except Failed as failure:
            sys.exit(f"The model '{model}' is not ready: {failure}")
        except (ValueError, KeyError, TypeError) as error:
            sys.exit(f"The model '{model}' gives no proper answer: {error!r}")


if __name__ == "__main__":
    main()
