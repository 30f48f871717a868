"""Distances are in standard deviations of simulated clusters."""

from __future__ import annotations

import numpy as np
import pytest

from amphitrite_training.surveys.darkcnn.domain import whitening

RNG = np.random.default_rng(1)


def distances(features, kernel, bias):
    return np.sqrt(np.mean((features @ kernel + bias) ** 2, axis=1))


def test_simulated_clusters_are_at_a_distance_of_about_one():
    mixed = RNG.normal(size=(4000, 8)) @ (np.eye(8) + 0.2 * np.tri(8, k=-1)) + 5
    kernel, bias = whitening(mixed[:2000])
    other = mixed[2000:] @ kernel + bias
    np.testing.assert_allclose(other.mean(0), 0, atol=0.1)
    assert distances(mixed[2000:], kernel, bias).mean() == pytest.approx(1, abs=0.1)
    # the largest directions are hardly shrunk
    assert other.std(0).max() == pytest.approx(1, abs=0.1)
    covariance = np.cov(other, rowvar=False)
    assert np.abs(covariance - np.diag(np.diag(covariance))).max() < 0.1


def test_what_is_unlike_them_is_far():
    features = RNG.normal(size=(2000, 8))
    kernel, bias = whitening(features)
    limit = np.quantile(distances(features, kernel, bias), 0.95)
    assert (distances(features + 3, kernel, bias) > limit).mean() > 0.95


def test_features_that_never_change_do_no_harm():
    features = RNG.normal(size=(500, 6))
    features[:, 2:] = 0
    kernel, bias = whitening(features)
    assert np.isfinite(kernel).all()
    assert np.isfinite(bias).all()
    assert np.abs(kernel).max() < 20
