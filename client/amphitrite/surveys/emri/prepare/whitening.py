"""Whitening: strain to noise of variance 1 at every frequency."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import fft, signal

from amphitrite.surveys.emri.prepare.noise_curve import tianqin
from amphitrite.surveys.emri.sampling import LOWEST_HZ, SAMPLE_SECONDS

Noise = Callable[[NDArray[np.floating]], NDArray[np.float64]]
"""One-sided power spectral density of strain in 1/Hz at frequencies in Hz."""

TAPER: Final = 1311
"""Samples of the cosine ramp at both ends of a stretch, 0.5 % of a segment each."""


def whiten(
    strain: NDArray[np.floating], noise: Noise = tianqin, *, taper: int = TAPER
) -> NDArray[np.float64]:
    """Return whitened strain.

    Parameters
    ----------
    strain : (..., n) ndarray
        Strain at steps of `SAMPLE_SECONDS`; the last axis is time.  Without NaN.
    noise : callable
        The noise curve, in the convention of
        `amphitrite.surveys.emri.prepare.noise_curve`.
    taper : int
        Samples at each end that a cosine ramp leads to zero; 0 for none.

    Returns
    -------
    (..., n) ndarray of float64
        Noise of the given curve gets a variance of 1 at each frequency above
        `LOWEST_HZ`, below which nothing is left; in total 0.994.

    Notes
    -----
    The strain of TianQin is far stronger at low frequencies.  A stretch whose ends do
    not meet has a jump when it is taken for periodic, the spectrum of which covers the
    weak noise above; so the ends are tapered.  The samples of the ramps are not of
    variance 1.
    """
    n = strain.shape[-1]
    ramped = strain * ramps(n, taper) if taper else strain
    return np.asarray(fft.irfft(fft.rfft(ramped) * _weights(n, noise), n))


def signal_to_noise(strain: NDArray[np.floating], noise: Noise = tianqin) -> float:
    """Return the optimal signal-to-noise ratio of a noiseless signal, all channels.

    Parameters
    ----------
    strain : (n_channels, n) ndarray
        Strain at steps of `SAMPLE_SECONDS`.
    noise : callable
        See `whiten`.

    Notes
    -----
    ``rho^2 = 4 sum over channels of the integral of |h(f)|^2 / S(f) df``, which equals
    the sum of squares of the whitened signal.
    """
    n = strain.shape[-1]
    frequency = fft.rfftfreq(n, SAMPLE_SECONDS)
    used = frequency >= LOWEST_HZ
    spectrum = SAMPLE_SECONDS * fft.rfft(strain)[..., used]
    density = np.abs(spectrum) ** 2 / noise(frequency[used])
    if n % 2 == 0:  # the Nyquist frequency stands for itself alone, not for a pair
        density[..., -1] /= 2
    return float(np.sqrt(4 * density.sum() / (n * SAMPLE_SECONDS)))


@lru_cache(maxsize=1)
def ramps(n: int, taper: int) -> NDArray[np.float64]:
    """Return (n,) weights that rise and fall as a cosine over `taper` samples.

    The array is read-only.
    """
    weights = np.asarray(signal.windows.tukey(n, min(1.0, 2 * taper / n)))
    weights.flags.writeable = False
    return weights


@lru_cache(maxsize=2)  # blocks of a stream are as long, and each has two channels
def _weights(n: int, noise: Noise) -> NDArray[np.float64]:
    """Return the (n // 2 + 1,) factors on a spectrum, read-only."""
    frequency = fft.rfftfreq(n, SAMPLE_SECONDS)
    used = frequency >= LOWEST_HZ
    weights = np.zeros(len(frequency))
    weights[used] = np.sqrt(2 * SAMPLE_SECONDS / noise(frequency[used]))
    weights.flags.writeable = False
    return weights
