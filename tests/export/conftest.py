"""Toy networks: enough to publish, nothing to train."""

from __future__ import annotations

import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

onnx = pytest.importorskip("onnx", reason="needs the export extra")

from amphitrite.spec import ModelSpec, TensorSpec  # noqa: E402
from amphitrite_export.config import Ensemble, Step  # noqa: E402
from amphitrite_export.convert import OnnxFile, digest  # noqa: E402
from amphitrite_export.publish import publish_together  # noqa: E402

WIDTH = 3


def spec(name: str, *, width: int = WIDTH) -> ModelSpec:
    """Return the contract of a toy: a vector in, a vector out."""
    return ModelSpec(
        name=name,
        inputs=(TensorSpec("x", "float32", (width,), ("feature",)),),
        outputs=(TensorSpec("y", "float32", (width,), ("feature",)),),
    )


def content(factor: float, *, width: int = WIDTH) -> bytes:
    """Return an ONNX file that multiplies by a factor."""
    helper = onnx.helper
    shape = ("batch", width)
    graph = helper.make_graph(
        [helper.make_node("Mul", ["x", "factor"], ["y"])],
        "toy",
        [helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, shape)],
        [onnx.numpy_helper.from_array(np.full(width, factor, np.float32), "factor")],
    )
    proto = helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8
    )
    return proto.SerializeToString()


def file(name: str, factor: float, *, width: int = WIDTH, **learned: Any) -> OnnxFile:
    """Return a toy that multiplies by a factor."""
    made = content(factor, width=width)
    contract = spec(name, width=width)
    return OnnxFile(made, contract.with_weights(digest=digest(made), learned=learned))


def publish(repository: Path, name: str, factor: float, *, width: int = WIDTH):
    """Publish a version of a toy that multiplies by a factor."""
    return publish_together([file(name, factor, width=width)], repository)


def chain() -> Ensemble:
    """Return the ensemble of the toys ``first`` and ``second``."""
    return Ensemble(
        spec("chain"),
        (
            Step("first", {"x": "x"}, {"y": "middle"}),
            Step("second", {"x": "middle"}, {"y": "y"}),
        ),
    )


def publish_chain(repository: Path):
    """Publish two toys, ``first`` (2 x) and ``second`` (10 x), and their ensemble."""
    publish(repository, "first", 2)
    publish(repository, "second", 10)
    return publish_together([], repository, ensembles=[chain()])


@pytest.fixture(scope="session")
def toys() -> SimpleNamespace:
    """Give the functions of this module to the tests."""
    return SimpleNamespace(
        spec=spec,
        content=content,
        file=file,
        chain=chain,
        publish=publish,
        publish_chain=publish_chain,
    )
