"""Whitened noise is white, also at the ends of a stretch cut from a longer one."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from red_noise import red_noise
from scipy import fft

from amphitrite.surveys.emri.prepare.noise_curve import NoiseCurve, tianqin
from amphitrite.surveys.emri.prepare.whitening import (
    TAPER,
    ramps,
    signal_to_noise,
    whiten,
)
from amphitrite.surveys.emri.sampling import LOWEST_HZ, NYQUIST_HZ, SAMPLE_SECONDS

N = 32_768


@pytest.fixture(scope="module")
def noise():
    return np.concatenate(
        [red_noise(seed, 8 * N, channels=1)[:, 3 * N : 4 * N] for seed in range(4)]
    )


def test_noise_becomes_white(noise):
    """Four stretches of 32,768 samples: the variance is known to 0.4 %, 4 sigma 1.6 %.

    The band below 0.1 mHz, 0.6 % of it, is empty.
    """
    inner = whiten(noise)[:, 2 * TAPER : -2 * TAPER]
    assert inner.var() == pytest.approx(1 - LOWEST_HZ / NYQUIST_HZ, abs=0.016)
    power = np.abs(fft.rfft(inner)) ** 2 / inner.shape[1]
    frequency = fft.rfftfreq(inner.shape[1], SAMPLE_SECONDS)
    edges = [2e-4, 1e-3, 3e-3, 1e-2, NYQUIST_HZ]
    for low, high in pairwise(edges):
        band = power[:, (frequency >= low) & (frequency < high)]
        # each value is exponential about its mean: 4 sigma of the mean of all
        assert band.mean() == pytest.approx(1, abs=4 / np.sqrt(band.size))


def test_each_curve_whitens_in_its_own_way(noise):
    """Weights are kept, for one curve and length; another does not get them."""
    frequency = np.geomspace(LOWEST_HZ, NYQUIST_HZ, 100)
    louder = NoiseCurve(frequency, 4 * tianqin(frequency))
    one, other, again = (
        whiten(noise[0], curve) for curve in (tianqin, louder, tianqin)
    )
    np.testing.assert_array_equal(one, again)
    assert one.std() / other.std() == pytest.approx(2, rel=1e-3)
    half = whiten(noise[0, : N // 2])
    np.testing.assert_allclose(half.std(), one.std(), rtol=0.05)


def test_without_a_taper_red_noise_drowns_it(noise):
    assert whiten(noise, taper=0).var() > 100


def test_the_ends_are_as_quiet_as_the_middle(noise):
    ends = whiten(noise)[:, [*range(200), *range(N - 200, N)]]
    assert ends.var() < 1


def test_nothing_is_left_below_the_band():
    time = np.arange(N) * SAMPLE_SECONDS
    slow = np.sin(2 * np.pi * 5e-5 * time)
    fast = np.sin(2 * np.pi * 5e-4 * time)
    assert whiten(slow).std() < 1e-4 * whiten(fast).std()


def test_the_squares_add_up_to_that_of_the_signal_to_noise_ratio():
    """By Parseval's theorem, and so to rounding."""
    strain = np.random.default_rng(1).standard_normal((2, N)) * 1e-20
    total = (whiten(strain, taper=0) ** 2).sum()
    assert total == pytest.approx(signal_to_noise(strain) ** 2, rel=1e-9)


def test_a_line_has_the_ratio_of_the_textbook():
    """A sine of amplitude A for T seconds: rho^2 = A^2 T / S(f)."""
    frequency = 64 / (N * SAMPLE_SECONDS) * 64  # a whole number of periods
    time = np.arange(N) * SAMPLE_SECONDS
    strain = 1e-21 * np.sin(2 * np.pi * frequency * time)[None]
    expected = 1e-21**2 * N * SAMPLE_SECONDS / tianqin(np.array([frequency]))[0]
    assert signal_to_noise(strain) ** 2 == pytest.approx(expected, rel=1e-9)


def test_a_curve_of_ones_own_is_used(noise):
    frequency = np.geomspace(5e-5, NYQUIST_HZ, 2000)
    louder = NoiseCurve(frequency, 4 * tianqin(frequency))
    # interpolation between 2000 frequencies costs up to 1e-4
    np.testing.assert_allclose(
        whiten(noise, louder), whiten(noise) / 2, atol=1e-3, rtol=1e-3
    )


def test_ramps_rise_as_a_cosine():
    weights = ramps(1000, 100)
    assert weights[0] == 0
    assert weights[50] == pytest.approx(0.5, abs=0.01)
    assert (weights[100:900] == 1).all()
    np.testing.assert_allclose(weights, weights[::-1])
