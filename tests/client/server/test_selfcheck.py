"""The model that proves a server computes."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import numpy as np
import pytest

from amphitrite.errors import InferenceFailed, ProvisioningError
from amphitrite.server.selfcheck import (
    COLUMNS,
    ROWS,
    blaming_the_environment,
    check_inference,
    onnx_bytes,
    write_model,
)
from amphitrite.triton.config import parse_config

Numbers = list[float]


@contextmanager
def server(answer: Callable[[Numbers], Numbers]) -> Iterator[str]:
    """Give the address of what answers as Triton does, by a rule of its own."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            (given,) = json.loads(self.rfile.read(length))["inputs"]
            assert self.path == "/v2/models/probe/infer"
            assert given["shape"] == [ROWS, COLUMNS]
            body = json.dumps(
                {"outputs": [{"name": "y", "data": answer(given["data"])}]}
            ).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as serving:
        thread = Thread(target=serving.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{serving.server_port}"
        finally:
            serving.shutdown()
            thread.join()


def doubled(numbers: Numbers) -> Numbers:
    return [2 * number for number in numbers]


def transposed(numbers: Numbers) -> Numbers:
    return np.reshape(doubled(numbers), (ROWS, COLUMNS)).T.ravel().tolist()


def test_a_server_that_computes_passes() -> None:
    with server(doubled) as url:
        check_inference(url, "probe")


@pytest.mark.parametrize(
    "wrong",
    [
        # what a server with numpy 2 does: the first element everywhere
        lambda numbers: [2 * numbers[0]] * len(numbers),
        transposed,
        lambda numbers: numbers,
        lambda numbers: [0.0] * len(numbers),
        lambda numbers: doubled(numbers)[:-1],
        lambda numbers: [*doubled(numbers)[:-1], 0.0],
    ],
    ids=["first", "transposed", "same", "zero", "short", "last"],
)
def test_a_server_that_computes_wrongly_is_found_out(
    wrong: Callable[[Numbers], Numbers],
) -> None:
    with (
        server(wrong) as url,
        pytest.raises(InferenceFailed, match=r"doubling \[1\.0, 2\.0, 3\.0\] \.\.\."),
    ):
        check_inference(url, "probe")


def test_whatever_fails_the_environment_is_to_be_made_anew() -> None:
    with (
        pytest.raises(ProvisioningError, match=r"(?s)gave \[0\].*broken: remove it"),
        blaming_the_environment(),
    ):
        raise InferenceFailed("gave [0]")


def test_the_bytes_are_a_valid_onnx_file() -> None:
    onnx = pytest.importorskip("onnx", reason="needs the export extra")
    model = onnx.load_from_string(onnx_bytes())
    onnx.checker.check_model(model, full_check=True)
    assert [node.op_type for node in model.graph.node] == ["Add"]
    assert model.opset_import[0].version == 17


def test_onnx_runtime_doubles_with_it() -> None:
    runtime = pytest.importorskip("onnxruntime", reason="needs the export extra")
    session = runtime.InferenceSession(onnx_bytes(), providers=["CPUExecutionProvider"])
    x = np.arange(ROWS * COLUMNS, dtype=np.float32).reshape(ROWS, COLUMNS)
    (y,) = session.run(["y"], {"x": x})
    np.testing.assert_array_equal(y, 2 * x)


def test_writes_a_model_as_triton_wants_it(tmp_path: Path) -> None:
    write_model(tmp_path / "probe")
    config = parse_config((tmp_path / "probe/config.pbtxt").read_text())
    assert (config.name, config.backend) == ("probe", "onnxruntime")
    assert (tmp_path / "probe/1/model.onnx").read_bytes() == onnx_bytes()
