"""The fast periodogram against fits of a sinusoid at each period, and astropy's."""

import numpy as np
import pytest
from astropy.timeseries import LombScargle

from amphitrite.surveys.calnet.page import PERIODS
from amphitrite.surveys.calnet.prepare.periodogram import (
    false_alarm_probability,
    frequencies,
    power,
)


@pytest.fixture
def uneven():
    rng = np.random.default_rng(5)
    time = np.sort(rng.uniform(1325.0, 1338.0, 700))
    flux = 1e4 + 30 * np.sin(2 * np.pi * time / 1.7 + 0.4) + rng.normal(0, 20, 700)
    return time, flux


def by_least_squares(time, flux, frequency):
    """Return the explained part of the variance, by solving for each sinusoid."""
    result = []
    for f in frequency:
        angle = 2 * np.pi * f * (time - time.mean())
        design = np.column_stack([np.cos(angle), np.sin(angle), np.ones_like(time)])
        fitted = design @ np.linalg.lstsq(design, flux, rcond=None)[0]
        left = ((flux - fitted) ** 2).sum()
        result.append(1 - left / ((flux - flux.mean()) ** 2).sum())
    return np.array(result)


def test_the_power_is_what_a_sinusoid_and_a_constant_explain(uneven):
    grid = 1 / PERIODS[::9]
    expected = by_least_squares(*uneven, grid)
    # The transforms are precise to 1e-12 of the flux, the sums lose another digit.
    np.testing.assert_allclose(power(*uneven, grid), expected, atol=1e-9)


def test_the_power_agrees_with_astropy_at_the_papers_periods(sector, binary):
    time = sector()[:9000]
    flux = binary(time, period=1.37) + np.random.default_rng(1).normal(0, 1e-3, 9000)
    expected = LombScargle(time, flux, fit_mean=True, normalization="standard").power(
        1 / PERIODS, method="cython"
    )
    # what the survey promises
    np.testing.assert_allclose(power(time, flux, 1 / PERIODS), expected, atol=1e-8)


def test_it_depends_on_neither_zero_nor_scale(uneven):
    time, flux = uneven
    grid = np.linspace(0.1, 20, 200)
    expected = power(time, flux, grid)
    moved = power(time + 1000.0, 7 * flux - 3, grid)
    # Times near 2300 d keep 5e-13 d, a phase of 1e-11 at 20 per day.
    np.testing.assert_allclose(moved, expected, atol=1e-9)


def test_constant_flux_has_no_power():
    time = np.arange(50.0)
    np.testing.assert_array_equal(power(time, np.full(50, 3.0), [0.1, 0.2]), 0)


def test_a_frequency_at_which_only_one_phase_is_seen_has_no_power():
    time = np.arange(64) * 0.5
    flux = np.random.default_rng(2).normal(size=64)
    assert power(time, flux, [1.0, 2.0]).tolist() == [0, 0]


def test_too_few_points_are_refused():
    with pytest.raises(ValueError, match=r"three points.*\(2,\)"):
        power([0.0, 1.0], [1.0, 2.0], [0.1])


def test_the_grid_resolves_every_peak():
    grid = frequencies(0.1, 10.0, 25.0)
    assert grid[0] == pytest.approx(0.1)
    assert grid[-1] >= 10.0
    # five to a peak, that is 1 / (5 * 25)
    np.testing.assert_allclose(np.diff(grid), 1 / 125)


def test_the_false_alarm_probability_of_white_noise_is_that_of_trials():
    rng = np.random.default_rng(11)
    time = np.sort(rng.uniform(0, 10, 80))
    grid = frequencies(0.25, 10.0, 10.0)
    highest = np.array(
        [power(time, rng.normal(size=80), grid).max() for _ in range(400)]
    )
    level = np.quantile(highest, 0.9)
    chance = false_alarm_probability(level, time, maximum_frequency=4.0)
    # 400 trials give 0.1 +- 0.015; Baluev's is an upper limit and close to it.
    assert 0.05 < chance < 0.2
    assert false_alarm_probability(0.99, time, maximum_frequency=4.0) < 1e-30
