"""Observed maps: the shapes of galaxies, and photons."""

from __future__ import annotations

import numpy as np
import pytest

from amphitrite_training.surveys.darkcnn.simulate.noise import (
    GALAXIES_PER_ARCMIN2,
    convergence,
    convergence_error,
    counts_per_brightness,
    exposed,
    lensed,
    shear,
)

RNG = np.random.default_rng(1)
TRUTH = RNG.random((2, 100, 100))


def test_shear_gives_the_convergence_back():
    found = convergence(shear(TRUTH))
    expected = TRUTH - TRUTH.mean((-2, -1), keepdims=True)
    np.testing.assert_allclose(found, expected, atol=1e-12)


def test_both_ways_are_unitary():
    """The power of the shear is that of the convergence without its mean."""
    power = (np.abs(shear(TRUTH)) ** 2).sum((-2, -1))
    expected = TRUTH.var((-2, -1)) * 10_000
    np.testing.assert_allclose(power, expected, rtol=1e-12)


def test_shear_is_tangential_around_a_mass():
    """Along x from the mass component 1 is negative, along y positive."""
    y, x = np.mgrid[-50:50, -50:50]
    mass = np.exp(-(x**2 + y**2) / 18)
    found = shear(mass)
    assert found[50, 60].real < 0 < found[60, 50].real
    assert found[60, 60].imag < 0
    assert abs(found[50, 60].imag) < 1e-6
    # outside of the mass: M / (pi r2), which the periodic images change by some percent
    assert -found[50, 62].real == pytest.approx(mass.sum() / (np.pi * 144), rel=0.1)


@pytest.mark.parametrize("galaxies", GALAXIES_PER_ARCMIN2.values())
def test_the_noise_is_white(galaxies):
    """Of the stated size in all frequencies: 4 sigma of 40 maps of 10,000 pixels."""
    truth = np.zeros((40, 100, 100)) + 0.1
    noise = lensed(np.random.default_rng(2), truth, galaxies) - 0.1
    assert noise.dtype == np.float32
    error = convergence_error(galaxies)
    assert noise.std() == pytest.approx(error, rel=0.006)
    power = (np.abs(np.fft.fft2(noise)) ** 2).mean(0) / 10_000
    assert power[0, 0] == pytest.approx(0, abs=1e-6)
    blocks = power.reshape(10, 10, 10, 10).mean((1, 3))
    # a block of 100 frequencies of 40 maps; half of them are their mirror images
    np.testing.assert_allclose(blocks, error**2, rtol=4 * (2 / 4000) ** 0.5 + 0.01)


def test_the_errors_of_surveys():
    """0.3 / sqrt(2 x 50 x 0.00526): a pixel of 20 kpc is 4.35 arcsec wide."""
    assert convergence_error(50) == pytest.approx(0.414, abs=0.001)
    assert convergence_error(800) == pytest.approx(convergence_error(50) / 4)


def test_the_mean_is_kept():
    found = lensed(np.random.default_rng(3), TRUTH, 50.0)
    np.testing.assert_allclose(found.mean((-2, -1)), TRUTH.mean((-2, -1)), atol=1e-5)


def test_photons():
    """Mean and variance are those of Poisson numbers, with a count of background."""
    truth = np.full((200, 200), 5e-14)
    unit = counts_per_brightness(30.0)
    counts = exposed(np.random.default_rng(4), truth, 30.0) * unit
    expected = 5e-14 * unit + 1
    assert expected > 5
    # 4 sigma of 40,000
    assert counts.mean() == pytest.approx(expected, abs=4 * (expected / 40_000) ** 0.5)
    assert counts.var() == pytest.approx(expected, rel=0.04)
    # float32 of whole numbers
    np.testing.assert_allclose(counts, np.round(counts), atol=1e-3)


def test_counts_by_hand():
    """1e-14 erg/s/cm2/arcmin2, 10 ks, 11310 cm2, photons of 3.204e-9 erg."""
    by_hand = 1e-14 * 1e4 * 11309.7 * 0.0052574 / 3.2044e-9
    assert counts_per_brightness(10.0) * 1e-14 == pytest.approx(by_hand, rel=1e-3)
    assert counts_per_brightness(100.0) == pytest.approx(
        10 * counts_per_brightness(10.0)
    )
