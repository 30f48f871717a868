"""The regression on the profile."""

from __future__ import annotations

import numpy as np
import pytest

from amphitrite.surveys.darkcnn.interpret.floor import features, probabilities
from amphitrite.surveys.darkcnn.learned import Floor

PROFILE = np.geomspace(2, 0.01, 12)
ATTRIBUTES, PRESENT = np.array([0.3, 14.5, 0.2, 0.0]), np.array([1.0, 1, 1, 0])


def test_features_are_logarithms_steps_and_attributes():
    (found,) = features(PROFILE[None], ATTRIBUTES[None], PRESENT[None])
    np.testing.assert_allclose(found[:12], np.log(PROFILE))
    np.testing.assert_allclose(found[12:23], np.diff(np.log(PROFILE)))
    np.testing.assert_array_equal(found[23:], [0.3, 14.5, 0.2, np.nan])


def test_a_ring_below_zero_has_no_logarithm():
    noisy = PROFILE.copy()
    noisy[5] = -0.1
    (found,) = features(noisy[None], ATTRIBUTES[None], PRESENT[None])
    assert np.flatnonzero(np.isnan(found)).tolist() == [5, 16, 17, 26]


def test_what_is_absent_counts_as_the_mean():
    rng = np.random.default_rng(1)
    mean, scale = rng.normal(size=27), rng.uniform(1, 2, 27)
    floor = Floor(mean, scale, rng.normal(size=(27, 3)), np.array([0.1, 0.0, -0.1]))
    absent = probabilities(floor, PROFILE[None], ATTRIBUTES[None], PRESENT[None])
    usual = ATTRIBUTES.copy()
    usual[3] = mean[26]
    stated = probabilities(floor, PROFILE[None], usual[None], np.ones((1, 4)))
    np.testing.assert_allclose(absent, stated)
    assert absent.sum() == pytest.approx(1)
    # logarithms of what is not there: nothing is known, and the bias alone speaks
    nothing = probabilities(floor, -PROFILE[None], ATTRIBUTES[None], np.zeros((1, 4)))
    np.testing.assert_allclose(np.diff(np.log(nothing[0])), [-0.1, -0.1])
