"""Noise simulated with the curves of a run, whitened as its strain is."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from amphitrite.surveys.emri.prepare.noise_curve import NoiseCurve
from amphitrite.surveys.emri.prepare.segments import Curves, whitened
from amphitrite.surveys.emri.prepare.strain import Stretch
from amphitrite.surveys.emri.prepare.whitening import TAPER, Noise
from amphitrite.surveys.emri.sampling import (
    CHANNELS,
    LOWEST_HZ,
    N_SAMPLES,
    SAMPLE_SECONDS,
)

_AROUND = N_SAMPLES // 4  # of noise that begins where it ends, so that a cut does not


def whitened_noise(
    rng: np.random.Generator, curves: Curves | None
) -> NDArray[np.float32]:
    """Return a segment of simulated noise as the network gets it.

    Parameters
    ----------
    rng : numpy.random.Generator
    curves : Curves or None
        The noise curves, with which it is both made and whitened; None for strain that
        is whitened already.

    Returns
    -------
    (2, `N_SAMPLES`) ndarray of float32
        Cut from a longer stretch, as most segments of a stream are.
    """
    if curves is None:
        return rng.standard_normal((len(CHANNELS), N_SAMPLES), dtype=np.float32)
    n = N_SAMPLES + 2 * TAPER
    values = np.stack([coloured(rng, n + _AROUND, curve)[:n] for curve in curves])
    stretch = Stretch(values, np.zeros(n, bool), 0.0)
    return whitened(stretch, curves)[:, TAPER : TAPER + N_SAMPLES]


def coloured(
    rng: np.random.Generator, n: int, curve: Noise, *, flat_below: float = LOWEST_HZ
) -> NDArray[np.float64]:
    """Return noise of a curve in one channel, which begins where it ends.

    Parameters
    ----------
    rng : numpy.random.Generator
    n : int
        Samples.
    curve : callable
        One-sided power spectral density in 1/Hz.
    flat_below : float
        Frequency in Hz below which the density stays what it is there; by default that
        below which whitening leaves nothing.

    Returns
    -------
    (n,) ndarray of float64
        At steps of 30 s.
    """
    frequency = np.maximum(fft.rfftfreq(n, SAMPLE_SECONDS), flat_below)
    if isinstance(curve, NoiseCurve):
        frequency = np.clip(frequency, curve.frequency[0], curve.frequency[-1])
    weights = np.sqrt(curve(frequency) / (2 * SAMPLE_SECONDS))
    return np.asarray(fft.irfft(fft.rfft(rng.standard_normal(n)) * weights, n))
