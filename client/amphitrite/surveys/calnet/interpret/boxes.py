"""The search for repeated box-shaped dips, such as narrow eclipses (box least squares).

The method is that of Kovács, Zucker & Mazeh (2002, A&A 391, 369,
doi:10.1051/0004-6361:20020802), in astropy's `~astropy.timeseries.BoxLeastSquares`.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from astropy.timeseries import BoxLeastSquares
from numpy.typing import NDArray
from scipy.ndimage import median_filter

Floats = NDArray[np.float64]

SHORTEST_DAYS: Final = 0.5
"""Shortest period of the search in days; eclipses of shorter ones are not narrow, and
the periodogram finds them."""

_DURATIONS: Final = (0.1, 0.2, 0.35)  # d
_TREND_DAYS: Final = 2.0


def flatten(time: Floats, flux: Floats) -> Floats:
    """Return the flux without slow changes, the running median over two days.

    Parameters
    ----------
    time : (n,) ndarray of float64
        Times in days, increasing, in about even steps.
    flux : (n,) ndarray of float64
        Flux in any unit.

    Returns
    -------
    (n,) ndarray of float64
        Deviation from the running median.  Dips longer than a day, as of giants, are
        removed as well; the flux that is left keeps the period.
    """
    step = float(np.median(np.diff(time)))
    width = 2 * round(_TREND_DAYS / step / 2) + 1
    flat: Floats = flux - median_filter(flux, size=width, mode="nearest")
    return flat


def search(time: Floats, flux: Floats, *, longest: float) -> float:
    """Return the period of the best repeated dip of a light curve.

    Parameters
    ----------
    time : (n,) ndarray of float64
        Times in days, increasing, in about even steps of some ten minutes between gaps.
    flux : (n,) ndarray of float64
        Relative flux without slow changes; see `flatten`.
    longest : float
        Longest period of the search in days; the shortest is `SHORTEST_DAYS`.

    Returns
    -------
    float
        Period in days; NaN if `longest` is too short, or there are too few points.
    """
    span = time[-1] - time[0]
    if longest <= SHORTEST_DAYS or len(time) < 10:
        return float("nan")
    # At the nearest frequency of the grid, a box drifts over the whole span by at most
    # its own duration.
    frequencies = np.arange(1 / longest, 1 / SHORTEST_DAYS, _DURATIONS[0] / span**2 * 2)
    periods = 1 / frequencies
    # Times are counted from the first point, which keeps the numbers small.
    result = BoxLeastSquares(time - time[0], flux).power(
        periods, list(_DURATIONS), oversample=3
    )
    return float(result.period[int(np.argmax(result.power))])
