"""Emri served by a real Triton, with a plain rule in the place of the networks.

A loud signal adds to the energy of whitened strain: the rule's statistic is the mean
square, less one, in tenths, so that what it answers is known without training.  It
is a network of the same contract, exported and served as the trained ones are.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import h5py
import numpy as np
import pytest
from red_noise import red_noise

from amphitrite.server.launcher import LocalTriton
from amphitrite.server.provision import ServerEnvironment
from amphitrite.surveys.emri.learned import NoiseRun, as_learned
from amphitrite.surveys.emri.page import ASKED, STATISTIC
from amphitrite.surveys.emri.sampling import N_SAMPLES, SAMPLE_SECONDS
from amphitrite.triton.connection import Connection

FREQUENCY, DRIFT = 3e-3, 2e-11  # Hz in the middle, Hz/s: ten bins over a segment
FIRST, LAST = 2 * N_SAMPLES, 2 * N_SAMPLES + N_SAMPLES  # samples of the signal
# the mean square of so much noise scatters by 0.02 tenths
NOISE = np.random.default_rng(1).normal(-0.06, 0.02, 20_000)


def rule(spec):
    """Return a Keras model: the mean square of the strain above 1, in tenths."""
    keras = pytest.importorskip("keras", reason="exporting needs the export extra")
    strain = keras.Input(spec.inputs[0].shape, name=spec.inputs[0].name)
    # in two steps, since a sum of half a million terms is rounded too much
    rows = keras.layers.Reshape((1024, 512))(keras.ops.square(strain))
    square = keras.ops.mean(keras.ops.mean(rows, axis=2), axis=1, keepdims=True)
    statistic = 10 * (square - 1)
    outputs = {STATISTIC: statistic, "p_signal": keras.ops.sigmoid(statistic)}
    return keras.Model(strain, outputs, name=spec.name)


@pytest.fixture(scope="session")
def emri_repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("tf2onnx", reason="exporting needs the export extra")
    from amphitrite.triton.artefact import Artefact
    from amphitrite_export.publishing.publish import publish

    learned = dict(as_learned(NoiseRun.of(NOISE, 400)))
    folder = tmp_path_factory.mktemp("emri") / "repository"
    for spec in ASKED:
        strain = np.random.default_rng(2).standard_normal((2, *spec.inputs[0].shape))
        samples = {spec.inputs[0].name: strain.astype(np.float32)}
        weighted = spec.with_weights(digest="", learned=learned)
        publish([Artefact(rule(spec), weighted, samples)], folder)
    return folder


@pytest.fixture(scope="session")
def emri_server(
    emri_repository: Path, server_environment: ServerEnvironment
) -> Iterator[LocalTriton]:
    with LocalTriton(
        emri_repository,
        [spec.name for spec in ASKED],
        environment=server_environment,
    ) as server:
        yield server


@pytest.fixture
def connection(emri_server: LocalTriton) -> Iterator[Connection]:
    with Connection(emri_server.grpc_url) as connection:
        yield connection


@pytest.fixture(scope="session")
def strain() -> np.ndarray:
    """Return a stream of (2, 5 `N_SAMPLES`) strain with one loud signal in it."""
    n = 5 * N_SAMPLES
    stream = red_noise(3, n + N_SAMPLES)[:, :n]
    time = (np.arange(FIRST, LAST) - (FIRST + LAST) / 2) * SAMPLE_SECONDS
    phase = 2 * np.pi * (FREQUENCY * time + DRIFT * time**2 / 2)
    # a tenth as much energy as the noise of a segment: a signal-to-noise ratio of 230
    signal = 3.2e-21 * np.sin(phase) * np.hanning(LAST - FIRST)
    stream[0, FIRST:LAST] += signal
    stream[1, FIRST:LAST] += signal
    return stream


def write(path: Path, strain: np.ndarray, *, t0: float = 0.0, gps: bool = True) -> Path:
    """Write strain as HDF5, with the attributes that gwpy gives it."""
    with h5py.File(path, "w") as file:
        for name, row in zip(("I", "II"), strain, strict=True):
            data = file.create_dataset(name, data=row)
            keys = ("x0", "dx") if gps else ("t0", "dt")
            data.attrs.update(zip(keys, (t0, SAMPLE_SECONDS), strict=True))
    return path


@pytest.fixture(scope="session")
def stream(strain: np.ndarray, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("strain") / "strain.h5", strain, t0=1.4e9)
