"""The model that proves a server computes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from amphitrite.server.selfcheck import COLUMNS, ROWS, onnx_bytes, write_model
from amphitrite.triton import parse_config


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
