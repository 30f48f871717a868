"""Probabilities and distance are set into the graph; learned values are complete."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from amphitrite.surveys.darkcnn.learned import Learned
from amphitrite.surveys.darkcnn.page import MODEL
from amphitrite_training.surveys.darkcnn import systematics
from amphitrite_training.surveys.darkcnn.calibrate import calibrate
from amphitrite_training.surveys.darkcnn.model import (
    SHARPNESS,
    SHIFT,
    WHITENING,
    build,
)
from amphitrite_training.surveys.darkcnn.systematics import OTHERS

pytestmark = pytest.mark.training


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
    for name in (SHARPNESS, SHIFT):
        assert all(each.any() for each in model.get_layer(name).get_weights())
    kernel, _ = model.get_layer(WHITENING).get_weights()
    assert not np.allclose(kernel, np.eye(len(kernel)))
    # about 1 for simulated clusters, of which only 18 were seen here
    assert 0.1 < read.farthest("total") < 10
