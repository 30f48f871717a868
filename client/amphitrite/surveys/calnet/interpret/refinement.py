"""Periods made precise: from a seed to the last digit and its error."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from amphitrite.surveys.calnet.interpret.folding import (
    Profile,
    average,
    dispersion,
    n_bins,
    phases,
    profile,
)

Floats = NDArray[np.float64]

_COARSE_DAYS: Final = 10 / 1440
_NOISE_DAYS: Final = 0.1
_FINER: Final = 4
_POINTS_A_BIN: Final = 20


def coarse(time: Floats, flux: Floats) -> tuple[Floats, Floats]:
    """Return means over ten minutes, with which a scan is quick."""
    return average(time, flux, width=_COARSE_DAYS)


def scan(
    time: Floats, flux: Floats, period: float, *, half_width: float | None = None
) -> tuple[float, float]:
    """Return the period of the least dispersion near a period, and the dispersion.

    Parameters
    ----------
    time, flux : (n,) ndarray of float64
        The points; days.
    period : float
        Where to look, days.
    half_width : float, optional
        How far to either side, cycles per day; by default 0.3 divided by the span, the
        precision of a peak.
    """
    span = time[-1] - time[0]
    bins = n_bins(period)
    width = 0.3 / span if half_width is None else half_width
    # By one step the last cycle moves against the first by half a bin.
    step = 0.5 / (span * bins)
    count = int(np.ceil(width / step))
    tried = 1 / (1 / period + step * np.arange(-count, count + 1))
    scatter = [dispersion(time, flux, period=p, bins=bins) for p in tried]
    best = int(np.argmin(scatter))
    return float(tried[best]), scatter[best]


def refine(time: Floats, flux: Floats, period: float) -> tuple[float, float]:
    """Improve a period by least squares against its own profile.

    Parameters
    ----------
    time, flux : (n,) ndarray of float64
        The points; days and relative flux.
    period : float
        Days, right to a small part of an eclipse over the span.

    Returns
    -------
    period, error : float
        Days.  The error is infinite where the profile is flat.

    Notes
    -----
    With the profile ``m`` at phase ``x = t / P``, a change of the period moves a point
    by ``dx = -(t - t0) / P^2``; the step and its error follow from the regression of
    the residuals on ``m' dx``.  What noise adds to the slope ``m'`` is taken off, and
    noise that is correlated over 0.1 d widens the error.
    """
    error = np.inf
    for _ in range(5):
        step, error = _step(time, flux, period)
        if not np.isfinite(error):
            return period, np.inf
        # The regression is linear only over a bin.
        most = period**2 / (time[-1] - time[0]) / n_bins(period)
        period += float(np.clip(step, -most, most))
        if abs(step) < 0.05 * error:
            break
    return period, error


def _step(time: Floats, flux: Floats, period: float) -> tuple[float, float]:
    """Return the change of the period that fits best, and its error."""
    bins = n_bins(period)
    folded = profile(time, flux, period=period, bins=bins)
    slope, noise = _slopes(folded)
    x = phases(time, period, 0.0) * bins - 0.5
    centres = np.arange(bins)
    residual = flux - np.interp(x, centres, folded.filled, period=bins)
    slopes = np.interp(x, centres, slope, period=bins)
    signal = np.maximum(slopes**2 - np.interp(x, centres, noise, period=bins), 0)
    if not signal.any():
        return 0.0, np.inf
    away = time - np.average(time, weights=signal)
    change = -slopes * away / period**2
    information = float((signal * away**2).sum()) / period**4
    step = float(residual @ change) / float(change @ change)
    error = _correlated_scatter(time, flux, period) / np.sqrt(information)
    return step, float(error)


def _slopes(folded: Profile) -> tuple[Floats, Floats]:
    """Return the slope of a profile per cycle, and the variance that noise gives it."""
    bins = len(folded.mean)
    means = folded.filled
    variance = np.nan_to_num(folded.error**2, nan=0.0)
    slope = 0.5 * bins * (np.roll(means, -1) - np.roll(means, 1))
    noise = 0.25 * bins**2 * (np.roll(variance, -1) + np.roll(variance, 1))
    return slope, noise


def _correlated_scatter(time: Floats, flux: Floats, period: float) -> float:
    """Return the scatter of single points that white noise of the same effect has.

    It is taken about a finer profile than that of the step, since what straight lines
    between its bins miss of an eclipse is no noise.
    """
    bins = min(_FINER * n_bins(period), max(1, len(time) // _POINTS_A_BIN))
    means = profile(time, flux, period=period, bins=bins).filled
    at = np.minimum((phases(time, period, 0.0) * bins).astype(np.int64), bins - 1)
    residual = flux - means[at]
    _, together = average(time, residual, width=_NOISE_DAYS)
    per_mean = len(time) / len(together)
    white = float(np.std(residual))
    return max(white, float(np.std(together)) * float(np.sqrt(per_mean)))
