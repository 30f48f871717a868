"""Temperature and distance are set into the graph, and learned values are complete."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from amphitrite.surveys.darkcnn.learned import Learned
from amphitrite.surveys.darkcnn.page import MODEL
from amphitrite_training.surveys.darkcnn import systematics
from amphitrite_training.surveys.darkcnn.calibrate import (
    calibrate,
    surprise,
    temperature,
)
from amphitrite_training.surveys.darkcnn.model import CALIBRATION, WHITENING, build
from amphitrite_training.surveys.darkcnn.systematics import OTHERS

pytestmark = pytest.mark.training


def test_the_temperature_makes_truth_likelier():
    """Scores that are twice too large for the classes that were drawn from them."""
    rng = np.random.default_rng(1)
    logits = rng.normal(0, 2, (4000, 3))
    shares = np.exp(logits)
    shares /= shares.sum(1, keepdims=True)
    classes = np.array([rng.choice(3, p=share) for share in shares])
    found = temperature(2 * logits, classes)
    assert found == pytest.approx(2, rel=0.1)
    assert surprise(2 * logits / found, classes) < surprise(2 * logits, classes) - 0.05


def test_surprise_by_hand():
    logits = np.log([[0.5, 0.25, 0.25], [0.1, 0.8, 0.1]])
    expected = -(np.log(0.25) + np.log(0.8)) / 2
    assert surprise(logits, np.array([1, 1])) == pytest.approx(expected)


def test_a_network_is_calibrated(some, small, cache, monkeypatch):
    monkeypatch.setattr(systematics, "OTHERS", {"feedback +2": OTHERS["feedback +2"]})
    model = build(small)
    learned, measured = calibrate(model, small, some)
    read = Learned.of(replace(MODEL, learned=learned))
    assert list(read.shifts) == ["feedback +2"]
    assert len(read.curves["total+xray+stars"]) == 5
    assert read.floor.weights.shape == (27, 3)
    measured = measured["calibration"]
    assert measured["surprise"] <= measured["surprise_before"]
    assert measured["n_clusters"] == 3 * small.n_calibration_ids
    kernel, _ = model.get_layer(CALIBRATION).get_weights()
    np.testing.assert_allclose(kernel, np.eye(3) / measured["temperature"], rtol=1e-6)
    kernel, _ = model.get_layer(WHITENING).get_weights()
    assert not np.allclose(kernel, np.eye(len(kernel)))
    # about 1 for simulated clusters, of which only 18 were seen here
    assert 0.1 < read.farthest("total") < 10
