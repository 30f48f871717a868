"""Curves at even steps: what both interpolations keep, and how they differ."""

import numpy as np
import pytest

from amphitrite.surveys.calnet.page import N_POINTS
from amphitrite.surveys.calnet.prepare.resampling import (
    INTERPOLATIONS,
    _within_cut,
    resample,
)

EITHER = pytest.mark.parametrize("interpolation", INTERPOLATIONS)


def times(n=5000, *, gap=(0.4, 0.5)):
    """Return times over 13 d, uneven and with a gap, d."""
    x = np.sort(np.random.default_rng(3).uniform(0, 1, n))
    x[0], x[-1] = 0, 1
    return 2000 + 13 * x[(x <= gap[0]) | (x >= gap[1])]


def steps(time):
    """Return the even steps from the first to the last time."""
    return time[0] + (time[-1] - time[0]) * np.arange(N_POINTS) / (N_POINTS - 1)


@EITHER
def test_a_straight_line_stays_one(interpolation):
    time = times()
    found = resample(time, 3 * time - 5000, interpolation=interpolation)
    assert found.shape == (4000,)
    np.testing.assert_allclose(found, 3 * steps(time) - 5000, rtol=1e-9)


@EITHER
def test_the_ends_are_the_first_and_the_last_point(interpolation):
    time = times()
    flux = np.cos(time)
    found = resample(time, flux, interpolation=interpolation)
    np.testing.assert_allclose(found[[0, -1]], flux[[0, -1]], atol=1e-6)


@EITHER
def test_a_smooth_curve_is_followed(interpolation):
    time = times(gap=(0.4, 0.4))
    found = resample(time, np.sin(time), interpolation=interpolation)
    # points are 0.003 d apart on average, and at most 0.03 d: a cubic's error is of
    # (0.03 d)^4 / 384, that of pchip of (0.03 d)^2 near an extremum
    error = {"spline": 1e-6, "pchip": 1e-3}[interpolation]
    np.testing.assert_allclose(found, np.sin(steps(time)), atol=error)


@EITHER
def test_the_unit_and_the_zero_point_of_time_do_not_matter(interpolation):
    time = times()
    flux = np.sin(time)
    one = resample(time, flux, interpolation=interpolation)
    other = resample(24 * (time - 2000), flux, interpolation=interpolation)
    # times near 2000 d are rounded by 2e-13 d; the spline's cut follows rounding
    # errors, and where a point is dropped or kept moves a smooth curve by little
    np.testing.assert_allclose(one, other, atol=1e-5)


def test_in_a_gap_pchip_keeps_between_its_ends_and_the_spline_overshoots():
    time = times()
    flux = np.random.default_rng(6).normal(1.0, 1e-3, len(time))
    start = np.diff(time).argmax()
    inside = (steps(time) > time[start]) & (steps(time) < time[start + 1])
    low, high = np.sort(flux[start : start + 2])
    pchip = resample(time, flux, interpolation="pchip")[inside]
    # up to rounding
    assert low - 1e-12 <= pchip.min() <= pchip.max() <= high + 1e-12
    spline = resample(time, flux, interpolation="spline")[inside]
    assert np.abs(spline - 1).max() > 5 * np.abs(flux - 1).max()


def test_the_cut_is_at_three_standard_deviations():
    residuals = np.random.default_rng(4).normal(5.0, 0.2, 1_000_000)
    within = _within_cut(residuals)
    # of a million draws a standard deviation is known to 0.07 %
    limit = np.abs(residuals - 5.0)[within].max() / 0.2
    assert limit == pytest.approx(3.0, abs=0.008)
    assert np.abs(residuals - 5.0)[~within].min() / 0.2 > 2.99


def test_residuals_that_are_mostly_equal_are_cut_by_their_mean_deviation():
    residuals = np.concatenate([np.full(60, 2.0), np.tile([1.0, 3.0], 20), [52.0]])
    assert np.flatnonzero(~_within_cut(residuals)).tolist() == [100]
