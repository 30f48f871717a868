"""Toy networks and a small untrained one: enough to publish, nothing to train."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

onnx = pytest.importorskip("onnx", reason="needs the export extra")

from amphitrite.surveys.asid.bands import BANDS  # noqa: E402
from amphitrite.surveys.asid.page import HALF, HEADS, PATCH_DEGREES, UNET, per_source  # noqa: E402
from amphitrite.triton.artefact import Artefact  # noqa: E402
from amphitrite.triton.spec import ModelSpec, TensorSpec  # noqa: E402
from amphitrite_export.conversion.convert import OnnxFile, digest  # noqa: E402
from amphitrite_export.publishing.config import Ensemble, Step  # noqa: E402
from amphitrite_export.publishing.generations import publish_together  # noqa: E402

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


def _bright_patches(rng: np.random.Generator, n: int) -> dict[str, np.ndarray]:
    """Return the counts of patches with ten bright sources each, in every band."""
    counts = {}
    directions = rng.uniform(-4.5, 4.5, (n, 10, 2))
    for band in BANDS:
        rows, columns = np.mgrid[: band.pixels, : band.pixels]
        y, x = ((i + 0.5) * PATCH_DEGREES / band.pixels - HALF for i in (rows, columns))
        expected = np.full((n, band.pixels, band.pixels), 0.2)
        for patch, sources in zip(expected, directions, strict=True):
            for cy, cx in sources:
                patch += 20 * np.exp(-((y - cy) ** 2 + (x - cx) ** 2) / (2 * 0.2**2))
        counts[f"counts_{band.name}"] = rng.poisson(expected).astype(np.float32)
    return counts


@pytest.fixture(scope="session")
def bright_patches():
    """Give `_bright_patches`."""
    return _bright_patches


@pytest.fixture(scope="session")
def detector():
    """Give a function that returns a small untrained U-Net as an artefact."""
    pytest.importorskip("keras", reason="needs the export extra")
    from amphitrite_training.surveys.asid.model import build
    from amphitrite_training.surveys.asid.recipe import Recipe

    def make(*, seed: int, log_sigma_pixels: float = 3.0, peak_floor: float = 0.01):
        learned = {
            "disc_radius_pixels": 8.0,
            "log_sigma_pixels": log_sigma_pixels,
            "peak_floor": peak_floor,
            "suppression_degrees": 0.3,
            "thresholds": {"11111": 0.2, "01000": 0.4},
        }
        return Artefact(
            model=build(Recipe(width=0.1, scaling="sqrt", seed=seed)),
            spec=replace(UNET, learned=learned),
            samples=_bright_patches(np.random.default_rng(seed), 2),
        )

    return make


def _described(inputs, spec):
    """Return what a small untrained network says of a source, by output's name."""
    import keras
    from keras import layers, ops

    image = ops.log(1.0 + inputs["cutouts"])
    x = layers.Conv2D(6, 3, activation="relu", padding="same")(image)
    x = layers.Flatten()(layers.MaxPooling2D(2)(x))
    x = layers.Dense(8, activation="tanh")(
        layers.Concatenate()([x, inputs["auxiliary"]])
    )
    if "exposure" in inputs:
        x = layers.Concatenate()([x, ops.log(inputs["exposure"]) - 26.0])
    outputs = {}
    for tensor in spec.outputs:
        size = int(np.prod(tensor.shape))
        values = layers.Dense(size)(x)
        if "variance" in tensor.name:
            values = ops.softplus(values)
        elif tensor.name == "p_fake":
            values = ops.sigmoid(values)
        outputs[tensor.name] = layers.Reshape(tensor.shape)(values)
    return keras.Model(inputs, outputs, name=spec.name)


@pytest.fixture(scope="session")
def heads():
    """Give a function that returns small untrained heads as artefacts."""
    keras = pytest.importorskip("keras", reason="needs the export extra")

    def make(*, seed: int) -> list[Artefact]:
        keras.utils.set_random_seed(seed)
        rng = np.random.default_rng(seed)
        samples = {
            "cutouts": rng.poisson(1.5, (9, 20, 20, 3)).astype(np.float32),
            "auxiliary": rng.normal(0, 1, (9, 5)).astype(np.float32),
            "exposure": rng.uniform(1e11, 4e11, (9, 5)).astype(np.float32),
        }
        made = []
        for head in HEADS:
            one = per_source(head)
            inputs = {t.name: keras.Input(t.shape, name=t.name) for t in one.inputs}
            learned = {
                "asid_flux": {"training_exposure": [3e11] * 5},
                "asid_classifier": {"fake_thresholds": {"11111": 0.3}},
                "asid_location": {},
            }[head.name]
            own = {"recipe": {"seed": seed}, "training": {"of": head.name}}
            made.append(
                Artefact(
                    model=_described(inputs, one),
                    spec=replace(one, learned={**learned, **own}),
                    samples={name: samples[name] for name in inputs},
                )
            )
        return made

    return make
