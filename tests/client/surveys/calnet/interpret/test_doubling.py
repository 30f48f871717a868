"""Periods are doubled where every other minimum differs, and for sinusoids."""

import numpy as np
import pytest

from amphitrite.surveys.calnet.interpret.doubling import ODD_EVEN, SINUSOID, reason

PERIOD = 1.9


def noisy(flux, *, sigma=1e-3, seed=5):
    return flux + np.random.default_rng(seed).normal(0, sigma, len(flux))


@pytest.mark.parametrize("second", [0.19, 0.196, 0.204, 0.21])
def test_alternate_minima_are_seen(sector, binary, second):
    time = sector()
    flux = binary(time, period=2 * PERIOD, depths=(0.2, second), width=0.01)
    assert reason(time, noisy(flux), PERIOD) == ODD_EVEN


@pytest.mark.parametrize("seed", range(8))
def test_alike_minima_are_alike(sector, binary, seed):
    time = sector()
    flux = binary(time, period=2 * PERIOD, depths=(0.2, 0.2), width=0.01)
    assert reason(time, noisy(flux, sigma=5e-3, seed=seed), PERIOD) is None


@pytest.mark.parametrize("rotation", [1.1, 2.9, 9.0])
def test_spots_are_no_odd_and_even(sector, binary, rotation):
    time = sector()
    flux = binary(time, period=PERIOD, depths=(0.1, 0.0), width=0.02)
    flux += 0.02 * np.sin(2 * np.pi * time / rotation)
    assert reason(time, noisy(flux), PERIOD) is None


def eclipsed(time, depths):
    """Return the flux of a star whose minima have depths of their own, in turn."""
    cycle = (time - time[0]) / PERIOD + 0.25
    number = np.floor(cycle).astype(int) % len(depths)
    x = cycle % 1 - 0.25
    return 1 - np.asarray(depths)[number] * np.exp(-0.5 * (x / 0.02) ** 2)


@pytest.mark.parametrize("seed", range(8))
def test_minima_that_all_differ_are_no_odd_and_even(sector, seed):
    """Chance parts few minima that scatter, by far more than a point's noise."""
    time = sector(gap=(0, 0))
    depths = 0.3 * (1 + 0.05 * np.random.default_rng(seed).normal(size=20))
    flux = noisy(eclipsed(time, depths), sigma=1e-4, seed=seed)
    assert reason(time, flux, PERIOD) is None


@pytest.mark.parametrize(("less", "expected"), [(0.005, None), (0.02, ODD_EVEN)])
def test_minima_must_differ_by_a_hundredth(sector, less, expected):
    """However sure a smaller difference is."""
    time = sector(gap=(0, 0))
    flux = noisy(eclipsed(time, [0.3, 0.3 * (1 - less)]), sigma=1e-4)
    assert reason(time, flux, PERIOD) == expected


def test_one_odd_minimum_must_differ_clearly(sector, binary):
    time = sector(days=12.0)
    period = 4.1
    for second, expected in ((0.15, ODD_EVEN), (0.1995, None)):
        flux = binary(time, period=2 * period, depths=(0.2, second), width=0.01)
        assert reason(time, noisy(flux), period) == expected


def test_a_sinusoid_is_told(sector):
    time = sector()
    flux = 1 - 0.1 * np.cos(2 * np.pi * time / 0.2)
    assert reason(time, noisy(flux), 0.2) == SINUSOID


def test_noise_gives_no_reason(sector):
    time = sector()
    for seed in range(5):
        assert reason(time, noisy(np.ones(len(time)), seed=seed), PERIOD) is None
