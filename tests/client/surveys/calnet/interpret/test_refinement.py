"""Periods get their last digits."""

import numpy as np
import pytest

from amphitrite.surveys.calnet.interpret.refinement import coarse, refine, scan


def noisy(time, flux, *, sigma=1e-3, seed=1):
    return flux + np.random.default_rng(seed).normal(0, sigma, len(time))


def test_a_scan_finds_the_period_near_a_seed(sector, binary):
    time = sector()
    means = coarse(time, noisy(time, binary(time, period=1.9)))
    near, scatter = scan(*means, 1.905)
    # a step of the scan: half a bin over the span
    assert near == pytest.approx(1.9, abs=1.9**2 * 0.5 / 27 / 136)
    assert scatter < 0.05
    assert scan(*means, 1.8)[1] > 0.5


def test_a_fit_ends_at_the_period(sector, binary):
    time = sector()
    signal = binary(time, period=1.9, width=0.02)
    period, error = refine(time, noisy(time, signal, sigma=3e-3), 1.9002)
    assert period == pytest.approx(1.9, abs=3 * error)
    # from noise of a point over the root of those in eclipses, and the span
    assert 4e-6 < error < 6e-6


def test_a_flat_curve_keeps_its_period(sector):
    time = sector()
    assert refine(time, np.ones(len(time)), 2.0) == (2.0, np.inf)
