"""Simulated clusters are judged in their order, however they are batched."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from amphitrite.surveys.darkcnn.page import KNOWN_PRESENT, MODEL
from amphitrite_training.surveys.darkcnn import judging
from amphitrite_training.surveys.darkcnn.judging import Seen, answers
from amphitrite_training.surveys.darkcnn.observing import View

pytestmark = pytest.mark.training

VIEW = View(np.ones(3, bool), relative=True)


@pytest.fixture(scope="module")
def total():
    """Return a network that adds up the map of all mass."""
    inputs = [keras.Input(each.shape, name=each.name) for each in MODEL.inputs]
    return keras.Model(inputs, {"sum": keras.ops.sum(inputs[0][..., 0], axis=(1, 2))})


def test_answers_are_in_the_order_of_the_clusters(some, total, monkeypatch):
    monkeypatch.setattr(judging, "_BATCH", 3)
    places = np.array([5, 0, 7, 2])
    seen = Seen(some, places, [VIEW] * 4, (1,))
    assert len(seen) == 2
    expected = [
        some[int(place)][0].sum() / some[int(place)][0].max() for place in places
    ]
    np.testing.assert_allclose(answers(total, seen)["sum"], expected, rtol=1e-4)


def test_attributes_are_absent_as_often_as_stated(some):
    def share(drop):
        inputs, nothing = Seen(some, np.zeros(64, int), [VIEW] * 64, (1,), drop).batch(
            0, 0
        )
        assert nothing == {}
        assert (inputs[KNOWN_PRESENT][:, 0] == 1).all()
        return inputs[KNOWN_PRESENT][:, 1:].mean()

    assert share(0.0) == 1
    # 4 sigma of 192
    assert share(0.3) == pytest.approx(0.7, abs=0.13)
