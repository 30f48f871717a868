"""DarkCNN served by a real Triton, with a plain rule in the place of the network.

The rule's score of a cluster is 2 less the maximum of its map of all mass, so that what
it answers is known without training, and clusters of any score can be made.  What lies
in a corner of the map is its distance from simulated clusters.  It is a network of the
same contract, exported and served as the trained one is.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from amphitrite.server.launcher import LocalTriton
from amphitrite.server.provision import ServerEnvironment
from amphitrite.surveys.darkcnn.learned import (
    LARGEST,
    Floor,
    Learned,
    ScoreCurve,
    logarithm,
)
from amphitrite.surveys.darkcnn.page import CROSS_SECTIONS, DENSITY, MODEL
from amphitrite.triton.connection import Connection

SCATTER = 0.2
"""Standard deviation of the score of one cluster."""
WIDTH = 0.3  # in score, of the rule's classes


def curve(noise: float) -> ScoreCurve:
    """Return the curve of 20,000 clusters whose mean score is the logarithm."""
    rng = np.random.default_rng(1)
    truth = rng.uniform(0, LARGEST, 20_000)
    scores = logarithm(truth) + rng.normal(0, SCATTER, len(truth))
    return ScoreCurve.of(noise, truth, scores, 10.0)


LEARNED = Learned(
    curves={
        "total": [curve(0.0), curve(0.41)],
        "total+stars": [curve(0.0)],
        "total+xray+stars": [curve(0.0)],
    },
    shifts={
        name: np.array([[0.0, shift], [2.0, shift]])
        for name, shift in (("age 7.5 Gyr", 0.17), ("no baryons", -0.1))
    },
    floor=Floor(np.zeros(27), np.ones(27), np.zeros((27, 3)), np.zeros(3)),
)


def rule():
    """Return a Keras model of the rule; see above."""
    keras = pytest.importorskip("keras", reason="exporting needs the export extra")
    given = {
        each.name: keras.Input(each.shape, name=each.name) for each in MODEL.inputs
    }
    total = given["maps"][..., 0]
    # every input is used a little, or the exported graph would not have it
    rest = keras.ops.mean(given["maps"][..., 1:], axis=(1, 2, 3))[:, None]
    for name in ("present", "relative", "attributes", "attributes_present"):
        rest = rest + keras.ops.mean(given[name], axis=1, keepdims=True)
    score = 2 - keras.ops.max(total, axis=(1, 2))[:, None] + 1e-6 * rest
    classes = np.float32(logarithm(np.array(CROSS_SECTIONS)))[None]
    logits = -0.5 * keras.ops.square((score - classes) / WIDTH)
    outputs = {
        "logits": logits,
        "probabilities": keras.ops.softmax(logits),
        "log_cross_section": score,
        "domain_distance": 10 * keras.ops.relu(total[:, 0, :1]),
    }
    return keras.Model(given, outputs, name=MODEL.name)


@pytest.fixture(scope="session")
def darkcnn_repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("tf2onnx", reason="exporting needs the export extra")
    from amphitrite.triton.artefact import Artefact
    from amphitrite_export.publishing.publish import publish

    rng = np.random.default_rng(2)
    samples = {
        each.name: rng.uniform(0, 1, (2, *each.shape)).astype(np.float32)
        for each in MODEL.inputs
    }
    folder = tmp_path_factory.mktemp("darkcnn") / "repository"
    weighted = MODEL.with_weights(digest="", learned=LEARNED.as_learned())
    publish([Artefact(rule(), weighted, samples)], folder)
    return folder


@pytest.fixture(scope="session")
def darkcnn_server(
    darkcnn_repository: Path, server_environment: ServerEnvironment
) -> Iterator[LocalTriton]:
    with LocalTriton(
        darkcnn_repository, [MODEL.name], environment=server_environment
    ) as server:
        yield server


@pytest.fixture
def connection(darkcnn_server: LocalTriton) -> Iterator[Connection]:
    with Connection(darkcnn_server.grpc_url) as connection:
        yield connection


def total(score: float) -> np.ndarray:
    """Return a map of all mass in Msun/kpc2 to which the rule gives a score."""
    offsets = (np.arange(100) - 49.5) * 20
    shape = 1 / np.hypot(1, np.hypot(offsets[:, None], offsets) / 60)
    return (2 - score) * DENSITY * shape / shape.max()


def scores_of(cross_section: float, n: int, seed: int) -> np.ndarray:
    """Return the scores of clusters that have a cross-section in cm2/g."""
    rng = np.random.default_rng(seed)
    return logarithm(cross_section) + rng.normal(0, SCATTER, n)


def write(path: Path, scores, *, first: int = 0, **more) -> Path:
    """Write an archive of clusters; see `total`."""
    maps = np.stack([total(score) for score in scores])
    names = [f"A{first + number}" for number in range(len(scores))]
    said = {"redshift": 0.2, "pixel_kpc": 20.0, "unit": "Msun/kpc2", "id": names}
    np.savez(path, **{"total": maps.astype(np.float32), **said, **more})
    return path
