"""The chart's probe: what it asks, and which answers it refuses."""

import array
import json
import math
import socket
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from charts.rendering import CHART

from amphitrite.server.ports import choose_ports

PROBE = CHART / "files" / "probe.py"
HEADER = "Inference-Header-Content-Length"

METADATA = {
    "name": "toy",
    "inputs": [
        {"name": "x", "datatype": "FP32", "shape": [-1, 2, 3]},
        {"name": "valid", "datatype": "BOOL", "shape": [-1, 5]},
        {"name": "n", "datatype": "INT64", "shape": [-1, 4]},
    ],
    "outputs": [
        {"name": "y", "datatype": "FP32", "shape": [-1, 3]},
        {"name": "peaks", "datatype": "FP32", "shape": [-1, -1, 2]},
    ],
}
GOOD = {
    "y": ("FP32", [1, 3], array.array("f", [1, 2, 3])),
    # one of two entries is empty
    "peaks": ("FP32", [1, 2, 2], array.array("f", [4, 5, math.nan, math.nan])),
}


def changed(**outputs):
    return {**GOOD, **outputs}


# Answers that are wrong, and what the probe says of them.
WRONG = {
    "not a number": (
        changed(y=("FP32", [1, 3], array.array("f", [1, math.nan, 3]))),
        "y holds numbers that are not finite",
    ),
    "infinite": (
        changed(peaks=("FP32", [1, 1, 2], array.array("f", [1, math.inf]))),
        "peaks holds numbers that are not finite",
    ),
    "another length": (
        changed(y=("FP32", [1, 2], array.array("f", [1, 2]))),
        "y is FP32 [1, 2], not FP32 [-1, 3]",
    ),
    "another rank": (
        changed(y=("FP32", [3], array.array("f", [1, 2, 3]))),
        "y is FP32 [3], not FP32 [-1, 3]",
    ),
    "another type": (
        changed(y=("FP64", [1, 3], array.array("d", [1, 2, 3]))),
        "y is FP64 [1, 3], not FP32 [-1, 3]",
    ),
    "too few numbers": (
        changed(y=("FP32", [1, 3], array.array("f", [1, 2]))),
        "y has 2 numbers, not 3",
    ),
    "an output too few": ({"y": GOOD["y"]}, "peaks is missing in its answer"),
}


class Toy(BaseHTTPRequestHandler):
    """Stands for Triton's HTTP interface, with the model toy."""

    def log_message(self, *_):
        """Say nothing."""

    def _send(self, status, body, **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), str(value))
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        if self.path == "/v2/models/toy":
            self._send(200, json.dumps(self.server.metadata).encode())
        elif self.path == "/v2/models/toy/ready":
            self._send(200, b"")
        else:
            self._send(400, b'{"error":"unknown model"}')

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.asked.append((self.path, int(self.headers[HEADER]), body))
        if self.server.failure:
            self._send(*self.server.failure)
            return
        outputs = [
            {"name": name, "datatype": kind, "shape": shape}
            | {"parameters": {"binary_data_size": len(data.tobytes())}}
            for name, (kind, shape, data) in self.server.answer.items()
        ]
        head = json.dumps({"outputs": outputs}).encode()
        data = b"".join(data.tobytes() for *_, data in self.server.answer.values())
        self._send(200, head + data, Inference_Header_Content_Length=len(head))


@pytest.fixture
def triton():
    with ThreadingHTTPServer(("127.0.0.1", 0), Toy) as server:
        server.metadata, server.answer = METADATA, GOOD
        server.failure, server.asked = None, []
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def probe(port, *words):
    """Return the exit code of the probe, and what it said."""
    done = subprocess.run(
        [sys.executable, "-I", "-S", PROBE, "--port", str(port), *words],
        capture_output=True,
        text=True,
    )
    assert done.stdout == ""
    return done.returncode, done.stderr.strip()


def test_one_row_of_different_numbers_is_sent(triton):
    assert probe(triton.server_port, "toy") == (0, "")
    ((path, length, body),) = triton.asked
    assert path == "/v2/models/toy/infer"
    head, data = json.loads(body[:length]), body[length:]
    assert [entry["shape"] for entry in head["inputs"]] == [[1, 2, 3], [1, 5], [1, 4]]
    sizes = [entry["parameters"]["binary_data_size"] for entry in head["inputs"]]
    assert sizes == [4 * 6, 5, 8 * 4]
    assert len(data) == sum(sizes)
    x = array.array("f", data[:24])
    assert len(set(x)) == 6
    assert min(x) > 0
    assert set(data[24:29]) == {0, 1}


@pytest.mark.parametrize("wrong", WRONG)
def test_an_answer_that_breaks_the_promise_is_refused(wrong, triton):
    triton.answer, said = WRONG[wrong]
    assert probe(triton.server_port, "toy") == (
        1,
        f"The model 'toy' is not ready: {said}",
    )


@pytest.mark.parametrize(
    ("failure", "said"),
    [
        ((500, b'{"error":"the process has died"}'), 'error":"the process has died'),
        ((200, b"so much for JSON"), "gives no proper answer"),
        ((200, b'{"outputs": 3}'), "gives no proper answer"),
    ],
)
def test_a_failed_inference_is_told(failure, said, triton):
    triton.failure = failure
    code, text = probe(triton.server_port, "toy")
    assert code == 1
    assert text.startswith("The model 'toy' ")
    assert said in text
    assert "Traceback" not in text


def test_a_type_that_it_cannot_make_is_told(triton):
    strings = {"name": "x", "datatype": "BYTES", "shape": [-1, 1]}
    triton.metadata = {**METADATA, "inputs": [strings]}
    code, text = probe(triton.server_port, "toy")
    assert (code, text) == (
        1,
        "The model 'toy' is not ready: x is of the type BYTES",
    )


def test_the_first_model_that_fails_is_named(triton):
    code, text = probe(triton.server_port, "toy", "other", "third")
    assert (code, text) == (
        1,
        'The model \'other\' is not ready: {"error":"unknown model"}',
    )


def test_readiness_asks_for_no_inference(triton):
    triton.failure = (500, b"")
    assert probe(triton.server_port, "--ready", "toy") == (0, "")
    assert probe(triton.server_port, "--ready", "toy", "other")[0] == 1
    assert triton.asked == []


def test_a_server_that_is_not_there_is_told():
    port = choose_ports(address="127.0.0.1").http
    code, text = probe(port, "toy")
    assert code == 1
    assert f"port {port} gives no answer" in text


def test_a_server_that_does_not_answer_is_told():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        code, text = probe(port, "--timeout", "0.2", "toy")
    assert code == 1
    assert f"port {port} gives no answer: TimeoutError" in text
