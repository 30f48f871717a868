"""Light curves of many sectors: which are searched, and what the others add.

A search takes time in proportion to what it spans, and more, and far sectors add
nothing to it but digits.  So the longest stretch of sectors is searched; the others
make the period more precise as far as the cycles between can be counted.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from amphitrite.surveys.calnet.interpret.refinement import coarse, refine, scan

Floats = NDArray[np.float64]

_GAP_DAYS: Final = 10.0  # a longer gap ends a stretch of sectors
_SEARCHED_DAYS: Final = 56.0  # two sectors
_CONNECTED_CYCLES: Final = 0.15


def searched(time: Floats) -> NDArray[np.bool_]:
    """Choose what of a light curve is searched.

    Parameters
    ----------
    time : (n,) ndarray of float64
        Days, rising.

    Returns
    -------
    (n,) ndarray of bool
        The longest stretch without a gap of ten days, or its first 56 days.
    """
    parts = np.split(time, _edges(time))
    chosen = max(parts, key=lambda part: float(part[-1] - part[0]))
    last = min(chosen[-1], chosen[0] + _SEARCHED_DAYS)
    inside: NDArray[np.bool_] = (time >= chosen[0]) & (time <= last)
    return inside


def extend(
    time: Floats, flux: Floats, inside: NDArray[np.bool_], period: float, error: float
) -> tuple[float, float, NDArray[np.bool_]]:
    """Add further stretches, the nearest first, while their cycles can be counted.

    Parameters
    ----------
    time, flux : (n,) ndarray of float64
        All points; days and relative flux.
    inside : (n,) ndarray of bool
        Those of which the period was found.
    period, error : float
        Days.

    Returns
    -------
    period, error : float
        Days; of all points that were reached.
    reached : (n,) ndarray of bool
        Which these are.
    """
    stretch = np.searchsorted(_edges(time), np.arange(len(time)), side="right")
    middle = time[inside].mean()
    reached = inside.copy()
    distance = {s: abs(time[stretch == s].mean() - middle) for s in np.unique(stretch)}
    for number in sorted(distance, key=lambda s: distance[s]):
        more = reached | (stretch == number)
        if (more == reached).all():
            continue
        span = float(time[more][-1] - time[more][0])
        if not error * span / period**2 < _CONNECTED_CYCLES:
            break
        t, y = time[more], flux[more]
        width = min(4 * error / period**2, 0.3 / (span * _CONNECTED_CYCLES))
        near, _ = scan(*coarse(t, y), period, half_width=width)
        period, error = refine(t, y, near)
        reached = more
    return period, error, reached


def _edges(time: Floats) -> NDArray[np.int64]:
    """Return the numbers of the points with which stretches begin, but the first."""
    return np.flatnonzero(np.diff(time) > _GAP_DAYS) + 1
