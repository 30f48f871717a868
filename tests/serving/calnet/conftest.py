"""Calnet served by a real Triton, with a plain rule in the place of the network.

A light curve with eclipses is bright most of the time: the rule is a sigmoid of its
mean, so that what it answers is known without training.  It is a network of the same
contract, exported and served as the trained one is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

from amphitrite.server.launcher import LocalTriton
from amphitrite.server.provision import ServerEnvironment
from amphitrite.surveys.calnet.page import MODEL
from amphitrite.triton.connection import Connection

LEARNED = {"interpolation": "pchip", "threshold": 0.9}
PERIOD = 1.5


def rule():
    """Return a Keras model: the mean of the light curve, above 0.75 or not."""
    keras = pytest.importorskip("keras", reason="exporting needs the export extra")
    inputs = {
        tensor.name: keras.Input(tensor.shape, name=tensor.name)
        for tensor in MODEL.inputs
    }
    light_curve, periodogram = inputs.values()
    mean = keras.ops.mean(light_curve, axis=-1, keepdims=True)
    # The periodogram has no say, but must be in the graph.
    power = keras.ops.mean(periodogram, axis=-1, keepdims=True)
    logit = (mean - 0.75) * 40.0 + power * 1e-6
    return keras.Model(
        list(inputs.values()),
        {"logit": logit, "p_eb": keras.ops.sigmoid(logit)},
        name=MODEL.name,
    )


@pytest.fixture(scope="session")
def probability() -> Callable[[np.ndarray], np.ndarray]:
    """What the rule answers, in numpy."""
    return lambda curves: 1 / (1 + np.exp(-40 * (curves.mean(axis=-1) - 0.75)))


@pytest.fixture(scope="session")
def calnet_repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("tf2onnx", reason="exporting needs the export extra")
    from amphitrite.triton.artefact import Artefact
    from amphitrite_export.publishing.publish import publish

    rng = np.random.default_rng(1)
    samples = {
        tensor.name: rng.uniform(size=(3, *tensor.shape)).astype(np.float32)
        for tensor in MODEL.inputs
    }
    folder = tmp_path_factory.mktemp("calnet") / "repository"
    spec = MODEL.with_weights(digest="", learned=LEARNED)
    publish([Artefact(rule(), spec, samples)], folder)
    return folder


@pytest.fixture(scope="session")
def calnet_server(
    calnet_repository: Path, server_environment: ServerEnvironment
) -> Iterator[LocalTriton]:
    with LocalTriton(
        calnet_repository, [MODEL.name], environment=server_environment
    ) as server:
        yield server


@pytest.fixture
def connection(calnet_server: LocalTriton) -> Iterator[Connection]:
    with Connection(calnet_server.grpc_url) as connection:
        yield connection


@pytest.fixture(scope="session")
def write_star() -> Callable[..., Path]:
    """Write a small SPOC file: a binary (even numbers) or noise (odd ones)."""

    def write(folder: Path, number: int, *, sector: int = 1, days: float = 6.0) -> Path:
        time = 1300 + 27 * sector + np.arange(0, days, 1 / 720)
        rng = np.random.default_rng(number)
        flux = 1 + rng.normal(0, 1e-3, len(time))
        if number % 2 == 0:
            x = (time / PERIOD + 0.25) % 1 - 0.25
            flux -= 0.2 * np.exp(-0.5 * (x / 0.02) ** 2)
        primary = fits.PrimaryHDU()
        primary.header.update(
            {"TELESCOP": "TESS", "TICID": number, "SECTOR": sector, "TESSMAG": 10.0}
            | {"RA_OBJ": float(number % 360), "DEC_OBJ": 0.0}
        )
        columns = [
            fits.Column("TIME", "D", "d", array=time),
            fits.Column("PDCSAP_FLUX", "E", "e-/s", array=1e4 * flux),
            fits.Column("QUALITY", "J", array=np.zeros(len(time), int)),
        ]
        path = folder / f"tess-s{sector:04d}-{number:016d}_lc.fits"
        table = fits.BinTableHDU.from_columns(columns)
        fits.HDUList([primary, table]).writeto(path)
        return path

    return write
