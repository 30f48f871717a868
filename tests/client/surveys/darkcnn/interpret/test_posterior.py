"""Medians and intervals of posteriors whose shape is known."""

from __future__ import annotations

import numpy as np
import pytest

from amphitrite.surveys.darkcnn.interpret.posterior import (
    GRID,
    Posterior,
    errors,
    medians,
    normalised,
)

STEP = 0.0025


def gaussian(mean, sigma):
    return -0.5 * ((GRID - mean) / sigma) ** 2


def test_the_grid_is_that_of_the_prior():
    np.testing.assert_allclose(GRID, np.arange(601) * STEP, atol=1e-12)


def test_a_gaussian_far_from_both_ends():
    found = Posterior.of(gaussian(0.6, 0.05))
    assert found.median == pytest.approx(0.6, abs=1e-6)
    # ends lie on points of the grid
    assert found.interval(0.68) == pytest.approx((0.55, 0.65), abs=STEP)
    assert found.interval(0.95) == pytest.approx((0.502, 0.698), abs=STEP)
    assert found.density.sum() * STEP == pytest.approx(1)


def test_an_interval_can_contain_zero():
    found = Posterior.of(gaussian(0.0, 0.05))
    low, high = found.interval(0.68)
    assert low == 0
    # 68 % of half a Gaussian lie within 0.994 sigma
    assert high == pytest.approx(0.0497, abs=STEP)
    assert found.median == pytest.approx(0.6745 * 0.05, abs=STEP / 2)


def test_nothing_is_known_without_a_likelihood():
    flat = Posterior.of(np.zeros(601))
    assert flat.median == pytest.approx(0.75)
    low, high = flat.interval(0.68)
    assert high - low == pytest.approx(0.68 * 1.5, abs=STEP)
    unknown = Posterior.unknown()
    assert not unknown.is_known
    assert np.isnan([unknown.median, *unknown.interval(0.95)]).all()


def test_many_at_once_are_as_one_by_one():
    logs = np.stack([gaussian(0.3, 0.1), np.zeros(601), np.full(601, np.nan)])
    probabilities = normalised(logs)
    one = Posterior.of(logs[0])
    np.testing.assert_allclose(medians(probabilities), [one.median, 0.75, np.nan])
    # of a Gaussian of which 0.1 % are cut off, and of a flat distribution
    np.testing.assert_allclose(errors(probabilities), [0.1, 0.433, np.nan], rtol=0.02)
