"""The regression beside the network."""

from __future__ import annotations

import numpy as np
import pytest

from amphitrite.surveys.darkcnn.page import DENSITY
from amphitrite.surveys.darkcnn.prepare.missing import RADII
from amphitrite_training.surveys.darkcnn.floor import (
    LEAST,
    features,
    features_of,
    fitted,
    logits,
)

RNG = np.random.default_rng(1)


def test_features_are_the_profile_and_the_attributes():
    total = 1 / (1 + RADII / 100)
    known = np.array([[0.2, 14.5, 0.0, 0.1]])
    found = features(total[None], known, np.array([[1, 1, 0, 1]]))
    assert found.shape == (1, 12 + 11 + 4)
    assert found[0, 1] == pytest.approx(np.log(1 / 1.3), abs=0.05)
    np.testing.assert_allclose(np.diff(found[0, :12]), found[0, 12:23])
    np.testing.assert_array_equal(found[0, 23:], [0.2, 14.5, np.nan, 0.1])


def test_a_ring_without_mass_is_finite():
    found = features(np.full((1, 100, 100), -1.0), np.zeros((1, 4)), np.ones((1, 4)))
    np.testing.assert_allclose(found[0, :12], np.log(LEAST))


def test_features_of_simulated_clusters(some):
    found, classes = features_of(some, np.random.default_rng(1))
    assert found.shape == (12, 27)
    np.testing.assert_array_equal(classes, np.tile([0, 1, 2], 4))
    middle = some[0][0][RADII < 20].mean() / DENSITY
    assert found[0, 0] == pytest.approx(np.log(middle), abs=1e-5)
    np.testing.assert_allclose(
        found[:, 23], some.truth["redshift"][:16].reshape(4, 4)[:, :3].ravel()
    )


def test_the_regression_finds_classes_apart():
    classes = RNG.integers(3, size=600)
    seen = RNG.normal(size=(600, 5)) * [1, 10, 1, 1, 1]
    seen[:, 1] += 30.0 * classes
    found = fitted(seen, classes)
    assert (logits(found, seen).argmax(1) == classes).mean() > 0.85
    shares = np.exp(logits(found, seen))
    shares /= shares.sum(1, keepdims=True)
    # the mean probability of each class is its share, as in any such regression
    np.testing.assert_allclose(shares.mean(0), np.bincount(classes) / 600, atol=1e-3)


def test_what_is_absent_counts_as_usual():
    found = fitted(RNG.normal(3, 1, (90, 2)), RNG.integers(3, size=90))
    np.testing.assert_allclose(
        logits(found, np.array([[np.nan, np.nan]])), found.bias[None], atol=1e-12
    )
