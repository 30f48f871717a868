"""Simulated noise is of its curve, and white once whitened."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import signal

from amphitrite.surveys.emri.prepare.noise import coloured, whitened_noise
from amphitrite.surveys.emri.prepare.noise_curve import NoiseCurve, tianqin
from amphitrite.surveys.emri.sampling import N_SAMPLES, SAMPLE_SECONDS


def other(frequency):
    """Return a curve that is no one's: 1/f in power."""
    return 1e-40 / np.asarray(frequency)


@pytest.mark.parametrize("curve", [tianqin, other])
def test_noise_has_the_spectrum_of_its_curve(curve):
    strain = coloured(np.random.default_rng(1), 500_000, curve)
    frequency, psd = signal.welch(strain, fs=1 / SAMPLE_SECONDS, nperseg=4096)
    inside = (frequency > 2e-4) & (frequency < 1.6e-2)
    ratio = psd[inside] / curve(frequency[inside])
    # 240 windows that overlap by half scatter by 8 % each, the mean by 0.3 %
    assert ratio.mean() == pytest.approx(1, abs=0.01)
    assert np.abs(ratio - 1).max() < 0.5


@pytest.mark.parametrize(
    "curves",
    [
        (tianqin, tianqin),
        (tianqin, other),
        None,
        (
            NoiseCurve(np.array([1e-4, 1 / 60]), np.array([1e-37, 1e-40])),
            tianqin,
        ),
    ],
)
def test_whitened_noise_is_white(curves):
    noise = whitened_noise(np.random.default_rng(2), curves)
    assert noise.shape == (2, N_SAMPLES)
    assert noise.dtype == np.float32
    # a variance of so many samples scatters by 0.3 %; nothing is left below 1e-4 Hz
    np.testing.assert_allclose(noise.var(axis=1), 0.994 if curves else 1, rtol=0.012)
    ends = noise[:, [*range(500), *range(-500, 0)]]
    np.testing.assert_allclose(ends.var(axis=1), 1, rtol=0.25)
    again = whitened_noise(np.random.default_rng(2), curves)
    np.testing.assert_array_equal(noise, again)
