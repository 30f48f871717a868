"""The standard error of a period."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from amphitrite.surveys.calnet.interpret.folding import n_bins, phases, profile, slopes

Floats = NDArray[np.float64]

_FINER: Final = 4
_POINTS_A_BIN: Final = 20
_LEAST_FREEDOM: Final = 0.5  # of halves of cycles, if only one has an eclipse


def standard_error(time: Floats, flux: Floats, period: float) -> float:
    """Return the standard error of a period in days.

    Parameters
    ----------
    time, flux : (n,) ndarray of float64
        Times in days, and relative flux.
    period : float
        The best period in days.

    Returns
    -------
    float
        Infinite if the slopes of the profile are no more than noise.

    Notes
    -----
    With the profile ``m`` at phase ``x``, a change of the period changes the flux by
    ``-m' (t - t0) / P^2`` per unit of period.  The profile is measured with the same
    points, so that ``t0`` is the mean time of the points of each bin: a phase that is
    seen in one cycle alone says nothing about the period.

    The error is that of clustered observations (Liang & Zeger 1986, Biometrika 73, 13,
    doi:10.1093/biomet/73.1.13): noise and spots may be correlated in any way within
    half a cycle, which has one eclipse, but not from one half to another.  It is at
    least the error from white noise, since a few halves may agree by chance.
    """
    slope, noise = _slopes(time, flux, period)
    residual, away = _residuals(time, flux, period)
    change = -slope * away / period**2
    information = float(((slope**2 - noise) * away**2).sum()) / period**4
    if information <= 0:
        return np.inf
    half = _halves(time, flux, period)
    score = np.bincount(half, residual * change)
    weight = np.bincount(half, change**2)
    n = weight.sum() ** 2 / (weight**2).sum()
    clustered = float((score**2).sum()) * n / max(n - 1, _LEAST_FREEDOM)
    white = float(np.var(residual)) * weight.sum()
    return float(np.sqrt(max(clustered, white))) / information


def _slopes(time: Floats, flux: Floats, period: float) -> tuple[Floats, Floats]:
    """Return the slope of the profile per cycle at each point, and its variance."""
    bins = n_bins(period)
    slope, noise = slopes(profile(time, flux, period=period, bins=bins))
    x = phases(time, period, 0.0) * bins - 0.5
    left = np.floor(x).astype(np.int64)
    part = x - left
    here, there = left % bins, (left + 1) % bins
    return (
        (1 - part) * slope[here] + part * slope[there],
        (1 - part) ** 2 * noise[here] + part**2 * noise[there],
    )


def _residuals(time: Floats, flux: Floats, period: float) -> tuple[Floats, Floats]:
    """Return differences from the profile, and of times from their bins' means.

    The profile is finer than that of the fit, since its interpolation errors in an
    eclipse are not noise.
    """
    bins = min(_FINER * n_bins(period), max(1, len(time) // _POINTS_A_BIN))
    at = np.minimum((phases(time, period, 0.0) * bins).astype(np.int64), bins - 1)
    count = np.maximum(np.bincount(at, minlength=bins), 1)
    relative = time - time[0]
    means = (np.bincount(at, values, bins) / count for values in (flux, relative))
    flux_mean, time_mean = means
    return flux - flux_mean[at], relative - time_mean[at]


def _halves(time: Floats, flux: Floats, period: float) -> NDArray[np.int64]:
    """Return the number of the half of a cycle in which each point is, from 0.

    The deepest minimum is in the middle of a half.
    """
    bins = n_bins(period)
    means = profile(time, flux, period=period, bins=bins).filled
    lowest = (int(np.argmin(means)) + 0.5) / bins
    number = np.floor(2 * (time / period - lowest) + 0.5)
    _, half = np.unique(number, return_inverse=True)
    return np.asarray(half, np.int64)
