"""Refinement of a period, by a scan and by least squares, and its error."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from amphitrite.surveys.calnet.interpret.folding import (
    average,
    dispersion,
    n_bins,
    phases,
    profile,
    slopes,
)
from amphitrite.surveys.calnet.interpret.uncertainty import standard_error

Floats = NDArray[np.float64]

_COARSE_DAYS: Final = 10 / 1440
_NOISE_DAYS: Final = 0.1
_FINER: Final = 4
_POINTS_A_BIN: Final = 20


def coarse(time: Floats, flux: Floats) -> tuple[Floats, Floats]:
    """Return means of time and flux over ten minutes, which make scans fast."""
    return average(time, flux, width=_COARSE_DAYS)


def scan(
    time: Floats, flux: Floats, period: float, *, half_width: float | None = None
) -> tuple[float, float]:
    """Return the period with the least dispersion near a period, and its dispersion.

    Parameters
    ----------
    time, flux : (n,) ndarray of float64
        Times in days, and relative flux.
    period : float
        Centre of the scan in days.
    half_width : float, optional
        Half-width of the scan in cycles per day; by default 0.3 divided by the span,
        the precision of a periodogram's peak.

    Returns
    -------
    period, dispersion : float
        Period in days; dispersion as a fraction of the variance (see
        `amphitrite.surveys.calnet.interpret.folding.dispersion`).
    """
    span = time[-1] - time[0]
    bins = n_bins(period)
    width = 0.3 / span if half_width is None else half_width
    # One step shifts the last cycle against the first by half a bin.
    step = 0.5 / (span * bins)
    count = int(np.ceil(width / step))
    tried = 1 / (1 / period + step * np.arange(-count, count + 1))
    scatter = [dispersion(time, flux, period=p, bins=bins) for p in tried]
    best = int(np.argmin(scatter))
    return float(tried[best]), scatter[best]


def refine(time: Floats, flux: Floats, period: float) -> tuple[float, float]:
    """Return a period, improved by least squares, and its standard error.

    Parameters
    ----------
    time, flux : (n,) ndarray of float64
        Times in days, and relative flux.
    period : float
        Period in days, so precise that phases over the whole span are right to a small
        part of an eclipse.

    Returns
    -------
    period, error : float
        Days.  The error is infinite if the profile is flat.

    Notes
    -----
    With the profile ``m`` at phase ``x = t / P``, a change of the period shifts the
    phase of a point by ``dx = -(t - t0) / P^2`` per unit of period; the correction
    follows from the regression of the residuals on ``m' dx``.  The fit ends when a
    step is small beside a rough error.
    """
    for _ in range(5):
        step, rough = _step(time, flux, period)
        if not np.isfinite(rough):
            return period, np.inf
        # The linear approximation holds only within a bin.
        most = period**2 / (time[-1] - time[0]) / n_bins(period)
        period += float(np.clip(step, -most, most))
        if abs(step) < 0.05 * rough:
            break
    return period, standard_error(time, flux, period)


def _step(time: Floats, flux: Floats, period: float) -> tuple[float, float]:
    """Return the best-fitting correction of the period and a rough error, in days."""
    bins = n_bins(period)
    folded = profile(time, flux, period=period, bins=bins)
    slope, noise = slopes(folded)
    x = phases(time, period, 0.0) * bins - 0.5
    centres = np.arange(bins)
    residual = flux - np.interp(x, centres, folded.filled, period=bins)
    steep = np.interp(x, centres, slope, period=bins)
    signal = np.maximum(steep**2 - np.interp(x, centres, noise, period=bins), 0)
    if not signal.any():
        return 0.0, np.inf
    away = time - np.average(time, weights=signal)
    change = -steep * away / period**2
    information = float((signal * away**2).sum()) / period**4
    step = float(residual @ change) / float(change @ change)
    error = _correlated_scatter(time, flux, period) / np.sqrt(information)
    return step, float(error)


def _correlated_scatter(time: Floats, flux: Floats, period: float) -> float:
    """Return the standard deviation of white noise with the same effect on the period.

    The residuals are taken about a finer profile than that of the fit, since its
    interpolation errors in an eclipse are not noise.
    """
    bins = min(_FINER * n_bins(period), max(1, len(time) // _POINTS_A_BIN))
    means = profile(time, flux, period=period, bins=bins).filled
    at = np.minimum((phases(time, period, 0.0) * bins).astype(np.int64), bins - 1)
    residual = flux - means[at]
    _, together = average(time, residual, width=_NOISE_DAYS)
    per_mean = len(time) / len(together)
    white = float(np.std(residual))
    return max(white, float(np.std(together)) * float(np.sqrt(per_mean)))
