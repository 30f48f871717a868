"""A population whose scores are shifted moves the estimate."""

from __future__ import annotations

import json

import numpy as np
import pytest

from amphitrite_training.surveys.darkcnn import cases
from amphitrite_training.surveys.darkcnn.biases import Bias
from amphitrite_training.surveys.darkcnn.systematics import OTHERS

from .drawn import LEARNED, of_one


def pair(shift, far=0.0):
    """Return a usual sample, and one of the same scatter that is shifted."""
    return (
        of_one(np.random.default_rng(1), cases.CLEAR, 400, shift=each, far=share)
        for each, share in ((0.0, 0.0), (shift, far))
    )


def test_the_bias_is_what_the_shift_is_worth():
    """The slope of the cross-section with its logarithm at 0.3 is 0.76."""
    name = next(iter(OTHERS))
    usual, other = pair(0.05)
    found = Bias.of(name, usual, other, LEARNED)
    assert found.measured["value"] == pytest.approx(0.05 * 0.76, rel=0.25)
    assert found.measured["low"] <= found.measured["value"] <= found.measured["high"]
    # scatter cancels
    assert found.measured["high"] - found.measured["low"] < 0.01
    # the correction that is stated for such a shift is the opposite
    assert found.stated == pytest.approx(-found.measured["value"], abs=0.01)
    assert found.left_out == 0


def test_what_is_left_out_is_counted():
    usual, other = pair(0.0, far=0.5)
    found = Bias.of("another", usual, other, LEARNED)
    assert found.left_out == pytest.approx(0.5, abs=0.1)
    told = json.loads(json.dumps(found.as_dict(), allow_nan=False))
    assert told["stated"] is None
