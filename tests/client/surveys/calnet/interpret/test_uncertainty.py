"""The errors of periods are the scatter of the periods about the truth."""

import numpy as np
import pytest

from amphitrite.surveys.calnet.interpret.refinement import refine
from amphitrite.surveys.calnet.interpret.uncertainty import standard_error


def noisy(time, flux, *, sigma=1e-3, seed=1):
    return flux + np.random.default_rng(seed).normal(0, sigma, len(time))


def red(time, *, sigma, seed):
    """Return noise that is correlated over two hours of two-minute cadences."""
    white = np.random.default_rng(seed).normal(0, sigma, len(time))
    return np.convolve(white, np.ones(60) / 60**0.5, mode="same")


def pulls(time, fluxes, period):
    found = np.array([refine(time, flux, period) for flux in fluxes])
    return (found[:, 0] - period) / found[:, 1]


def test_white_noise_has_its_error(sector, binary):
    time = sector()
    signal = binary(time, period=1.9, width=0.02)
    fluxes = [noisy(time, signal, sigma=3e-3, seed=seed) for seed in range(60)]
    # 60 trials know a standard deviation to 9 %; within 2.5 of these
    assert pulls(time, fluxes, 1.9).std() == pytest.approx(1, abs=0.23)


def test_correlated_noise_has_its_error(sector, binary):
    time = sector()
    signal = binary(time, period=1.9, width=0.02)
    fluxes = [signal + red(time, sigma=3e-3, seed=seed) for seed in range(60)]
    # each error is itself known to some 20 %, from 28 halves of cycles
    assert pulls(time, fluxes, 1.9).std() == pytest.approx(1, abs=0.35)


def test_the_noise_of_the_profile_is_not_taken_for_a_signal(sector, binary):
    """Of an eclipse little deeper than the noise of a point, errors hold as well."""
    time = sector(step=600.0)
    signal = binary(time, period=2.7, depths=(0.01, 0.0))
    fluxes = [noisy(time, signal, sigma=4e-3, seed=seed) for seed in range(60)]
    found = pulls(time, fluxes, 2.7)
    # as above; steps of such a fit do not always end at the best period
    assert 0.5 < found.std() < 1.25
    assert np.mean(found == 0) < 0.05  # infinite errors


def test_an_eclipse_that_is_seen_once_says_nothing(sector, binary):
    time = sector(gap=(0, 0))
    signal = noisy(time, binary(time, period=20.0, epoch=2003.0, width=0.01))
    twice = standard_error(time, signal, 20.0)
    # without the second primary eclipse, phases of flat light alone are seen twice
    kept = (time < 2016) | (time > 2026)
    once = standard_error(time[kept], signal[kept], 20.0)
    assert once > 50 * twice


@pytest.mark.parametrize("sigma", [0.0, 1e-3])
def test_a_flat_curve_has_no_error(sector, sigma):
    time = sector()
    errors = [
        standard_error(time, noisy(time, np.ones(len(time)), sigma=sigma, seed=seed), 2)
        for seed in range(10)
    ]
    # noise may look like a slope, but as often as not like less than noise
    assert np.isinf(errors).all() if sigma == 0 else np.max(errors) == np.inf
