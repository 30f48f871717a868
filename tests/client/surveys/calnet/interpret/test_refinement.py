"""Periods get their last digits, and errors that mean what they say."""

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


def test_the_error_is_the_scatter_of_many_measurements(sector, binary):
    time = sector()
    signal = binary(time, period=1.9, width=0.02)
    results = np.array(
        [
            refine(time, noisy(time, signal, sigma=3e-3, seed=seed), 1.9002)
            for seed in range(40)
        ]
    )
    pull = (results[:, 0] - 1.9) / results[:, 1]
    # 40 trials know a standard deviation to 11 %; the error leaves out that the
    # profile is itself measured, which widens it by some 20 % here.
    assert 0.7 < pull.std() < 1.5
    assert abs(pull.mean()) < 0.8


def test_the_noise_of_the_profile_itself_is_not_taken_for_a_signal(sector, binary):
    """Of an eclipse little deeper than the noise of a point, errors hold roughly."""
    time = sector(step=600.0)
    signal = binary(time, period=2.7, depths=(0.01, 0.0))
    results = np.array(
        [
            refine(time, noisy(time, signal, sigma=4e-3, seed=seed), 2.7)
            for seed in range(60)
        ]
    )
    pull = (results[:, 0] - 2.7) / results[:, 1]
    # 60 trials know it to 9 %; the profile, which is measured too, makes it 1.6
    assert 1.2 < pull.std() < 2.0


def test_correlated_noise_widens_the_error(sector, binary):
    time = sector()
    signal = binary(time, period=1.9, width=0.02)
    white = np.random.default_rng(3).normal(0, 3e-3, len(time))
    wide = np.ones(60) / 60**0.5
    red = np.convolve(white, wide, mode="same")  # same scatter, two hours long
    errors = [refine(time, signal + noise, 1.9)[1] for noise in (white, red)]
    assert errors[1] > 3 * errors[0]
