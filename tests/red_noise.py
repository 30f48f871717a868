"""Noise with the spectrum of TianQin, of which tests cut pieces."""

from __future__ import annotations

import numpy as np
from scipy import fft

from amphitrite.surveys.emri.prepare.noise_curve import tianqin
from amphitrite.surveys.emri.sampling import SAMPLE_SECONDS

FLAT_BELOW = 1e-5  # Hz, since the noise cannot rise for ever


def red_noise(seed, n, *, channels=2):
    """Return a stream of (channels, n) samples that begins where it ends.

    A piece of it does not, as is so of real strain.
    """
    rng = np.random.default_rng(seed)
    frequency = np.maximum(fft.rfftfreq(n, SAMPLE_SECONDS), FLAT_BELOW)
    weights = np.sqrt(tianqin(frequency) / (2 * SAMPLE_SECONDS))
    return fft.irfft(fft.rfft(rng.standard_normal((channels, n))) * weights, n)
