"""A plain rule in the place of the served network.

Its score is that of a regression on how much denser the core is than what lies around,
so that it knows something of the cross-section in every kind of map.
"""

from __future__ import annotations

from concurrent.futures import Future
from types import SimpleNamespace

import numpy as np
from scipy.special import softmax

from amphitrite.surveys.darkcnn.interpret.profiles import profile
from amphitrite.surveys.darkcnn.learned import Floor, Learned, ScoreCurve, logarithm
from amphitrite.surveys.darkcnn.page import (
    CROSS_SECTIONS,
    DISTANCE,
    MAPS,
    MODEL,
    PROBABILITIES,
    SCORE,
)
from amphitrite_training.surveys.darkcnn.curves import kinds
from amphitrite_training.surveys.darkcnn.systematics import OTHERS

SCATTER = 0.35
LIMIT = 2.0
_CLASSES = logarithm(np.array(CROSS_SECTIONS))


def scores(maps):
    """Return the rule's scores of (n, 100, 100, 3) maps."""
    rings = np.array([profile(each) for each in maps])
    ratio = rings[:, 0:3].mean(1) / np.maximum(rings[:, 4:6].mean(1), 1e-3)
    return np.clip(1.1 - 0.75 * ratio, -1.6, 0.4)


def distances(maps):
    """Return distances: the rougher a map is, the larger."""
    total = maps[..., 0]
    rough = np.abs(np.diff(total, axis=1)).mean((1, 2)) / np.abs(total).mean((1, 2))
    return 8 * rough


def curve(noise):
    """Return a curve whose mean is the logarithm of the cross-section."""
    rng = np.random.default_rng(1)
    truth = rng.uniform(0, 2, 5_000)
    said = logarithm(truth) + rng.normal(0, SCATTER, len(truth))
    return ScoreCurve.of(noise, truth, said, LIMIT)


def learned():
    """Return learned values that go with the rule."""
    curves = {}
    for each in kinds():
        curves.setdefault(each.name, []).append(curve(each.noise))
    return Learned(
        curves,
        {name: np.array([[0.0, 0.05], [1.0, 0.05]]) for name in OTHERS},
        Floor(np.zeros(27), np.ones(27), np.zeros((27, 3)), np.arange(3.0)),
    )


def answers(tensors):
    """Return all outputs for some inputs."""
    score = scores(tensors[MAPS])
    logits = -0.5 * np.square((score[:, None] - _CLASSES) / SCATTER)
    return {
        PROBABILITIES: softmax(logits, axis=1).astype(np.float32),
        SCORE: score[:, None].astype(np.float32),
        DISTANCE: distances(tensors[MAPS])[:, None].astype(np.float32),
    }


def served(known=None, max_batch=5):
    """Return the rule as a served model."""
    training = {
        "samples_seen": 83_200,
        "seconds": 3_600.0,
        "backend": "tensorflow",
        "trainable_parameters": 11_618,
    }
    recipe = {"network": "simple", "width": 0.4, "noisy_share": 0.5}
    values = {**(known or learned()).as_learned(), "training": training}
    spec = MODEL.with_weights(
        digest="sha256:12ab", learned={**values, "recipe": recipe}
    )

    def submit(tensors, outputs):
        assert len(tensors[MAPS]) <= max_batch
        assert all(np.isfinite(values).all() for values in tensors.values())
        future = Future()
        found = answers(tensors)
        future.set_result({name: found[name] for name in outputs})
        return future

    def infer(tensors, outputs):
        return submit(tensors, outputs).result()

    return SimpleNamespace(
        spec=spec, version=3, max_batch=max_batch, submit=submit, infer=infer
    )


class Connection:
    """A server with the rule."""

    def __init__(self, model=None):
        self._model = model or served()

    def model(self, expected):
        assert expected is MODEL
        return self._model
