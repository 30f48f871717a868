"""Box-shaped dips that repeat: the box least squares of narrow eclipses.

After Kovács, Zucker & Mazeh (2002, A&A 391, 369, doi:10.1051/0004-6361:20020802), by
astropy's `~astropy.timeseries.BoxLeastSquares`.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from astropy.timeseries import BoxLeastSquares
from numpy.typing import NDArray
from scipy.ndimage import median_filter

Floats = NDArray[np.float64]

SHORTEST_DAYS: Final = 0.5
"""Below it eclipses are no narrow boxes, and the periodogram sees them."""

_DURATIONS: Final = (0.1, 0.2, 0.35)  # d
_TREND_DAYS: Final = 2.0


def flatten(time: Floats, flux: Floats) -> Floats:
    """Take out slow changes: the running median over two days.

    Parameters
    ----------
    time : (n,) ndarray of float64
        Days, rising, in about even steps.
    flux : (n,) ndarray of float64
        Of any unit.

    Returns
    -------
    (n,) ndarray of float64
        About zero.  Dips longer than a day, as of giants, are taken out too; what
        repeats itself still does.
    """
    step = float(np.median(np.diff(time)))
    width = 2 * round(_TREND_DAYS / step / 2) + 1
    flat: Floats = flux - median_filter(flux, size=width, mode="nearest")
    return flat


def search(time: Floats, flux: Floats, *, longest: float) -> float:
    """Find the best repeated dip of a light curve.

    Parameters
    ----------
    time : (n,) ndarray of float64
        Days, rising, in about even steps of some ten minutes apart from gaps.
    flux : (n,) ndarray of float64
        Relative, without slow changes: see `flatten`.
    longest : float
        The longest period of the search, days; the shortest is `SHORTEST_DAYS`.

    Returns
    -------
    float
        The period of the most likely box, days; NaN where no period can be searched.
    """
    span = time[-1] - time[0]
    if longest <= SHORTEST_DAYS or len(time) < 10:
        return float("nan")
    # A box must not drift by more than its own length over the whole span.
    frequencies = np.arange(1 / longest, 1 / SHORTEST_DAYS, _DURATIONS[0] / span**2 * 2)
    periods = 1 / frequencies
    # The times are kept small: the search has no use for the date.
    result = BoxLeastSquares(time - time[0], flux).power(
        periods, list(_DURATIONS), oversample=3
    )
    return float(result.period[int(np.argmax(result.power))])
