"""Maps of power over time and frequency, and the loudest track in one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from amphitrite.surveys.emri.sampling import LOWEST_HZ, SAMPLE_SECONDS

WINDOW: Final = 2048
"""Samples of a window of a map: 17 h."""
LOWEST_BIN: Final = int(np.ceil(LOWEST_HZ * WINDOW * SAMPLE_SECONDS))
"""Number of the first frequency of a map in the spectrum of a window."""
BIN_HZ: Final = 1 / (WINDOW * SAMPLE_SECONDS)
"""Distance of two frequencies of a map: 16.3 microhertz."""
MOST_DRIFT: Final = 96
"""Largest drift of a track that is tried, in bins over the whole map."""
_CLEAR: Final = 6.0  # standard deviations of noise above its mean along a track


def power_map(strain: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return the power in windows, the mean of both channels, over that of the map.

    Parameters
    ----------
    strain : (2, n) ndarray
        Whitened strain; n is a multiple of `WINDOW`.

    Returns
    -------
    (n_windows, n_bins) ndarray of float64
        Of rectangular windows without overlap; from the first bin above `LOWEST_HZ` on,
        without that of the Nyquist frequency.  Zero throughout for silence.
    """
    windows = np.asarray(strain, np.float64).reshape(len(strain), -1, WINDOW)
    power = np.abs(fft.rfft(windows)[..., LOWEST_BIN : WINDOW // 2]) ** 2
    mean = power.mean(axis=0)
    return np.asarray(mean / (mean.mean() or 1.0), np.float64)


def frequencies(n_bins: int) -> NDArray[np.float64]:
    """Return the (n_bins,) frequencies of a map in Hz."""
    return np.asarray((LOWEST_BIN + np.arange(n_bins)) * BIN_HZ, np.float64)


@dataclass(frozen=True)
class Track:
    """A straight track in a map.

    Parameters
    ----------
    frequency : float
        Frequency in the middle of the map in Hz.
    drift : float
        Its change in Hz/s.
    excess : float
        Mean power along the track above that of noise, in its standard deviations.
    """

    frequency: float
    drift: float
    excess: float


def loudest_track(power: NDArray[np.float64]) -> Track | None:
    """Return the straight track along which a map has the most power.

    Parameters
    ----------
    power : (n_windows, n_bins) ndarray
        A map of `power_map`.

    Returns
    -------
    Track or None
        None if no track stands out by more than noise would give.

    Notes
    -----
    All tracks that begin and end at a frequency of the map and drift by up to
    `MOST_DRIFT` bins, up or down, are tried.  Inspirals follow curved tracks; the drift
    is that of the straight one that holds most of their power.
    """
    n_windows, n_bins = power.shape
    best, found = -np.inf, (0, 0)
    steps = np.arange(n_windows) / max(1, n_windows - 1) - 0.5
    for drift in range(-MOST_DRIFT, MOST_DRIFT + 1):
        shifts = np.rint(drift * steps).astype(int)
        margin = abs(drift) // 2 + 1
        middles = np.arange(margin, n_bins - margin)
        if not len(middles):
            continue
        along = np.zeros(len(middles))
        for row, shift in zip(power, shifts, strict=True):
            along += row[margin + shift : margin + shift + len(middles)]
        place = int(along.argmax())
        if along[place] > best:
            best, found = float(along[place]), (int(middles[place]), drift)
    # the mean of two exponential variables scatters by 1 / sqrt(2)
    excess = (best / n_windows - 1) * np.sqrt(2 * n_windows)
    if not excess > _CLEAR:
        return None
    middle, drift = found
    seconds = n_windows * WINDOW * SAMPLE_SECONDS
    frequency = float(frequencies(n_bins)[middle])
    return Track(frequency, drift * BIN_HZ / seconds, float(excess))
