"""Light curves of many sectors: the searched ones, and those that refine the period.

The time of a search grows at least in proportion to the span, and distant sectors only
improve the precision.  Therefore only the longest stretch of sectors is searched; the
others make the period more precise, as long as the number of cycles in between is
certain.
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
    """Return the mask of the points in which a period is searched.

    Parameters
    ----------
    time : (n,) ndarray of float64
        Times in days, increasing.

    Returns
    -------
    (n,) ndarray of bool
        The longest stretch without a gap of ten days, at most its first 56 days.
    """
    parts = np.split(time, _edges(time))
    chosen = max(parts, key=lambda part: float(part[-1] - part[0]))
    last = min(chosen[-1], chosen[0] + _SEARCHED_DAYS)
    inside: NDArray[np.bool_] = (time >= chosen[0]) & (time <= last)
    return inside


def extend(
    time: Floats, flux: Floats, inside: NDArray[np.bool_], period: float, error: float
) -> tuple[float, float, NDArray[np.bool_]]:
    """Return a period that is refined with further stretches of sectors.

    Stretches are added, the nearest first, as long as the period's error leaves the
    number of cycles in between certain.

    Parameters
    ----------
    time, flux : (n,) ndarray of float64
        All points: times in days, and relative flux.
    inside : (n,) ndarray of bool
        The points in which the period was found.
    period, error : float
        Period and its standard error in days.

    Returns
    -------
    period, error : float
        Refined period and its standard error in days.
    reached : (n,) ndarray of bool
        The points that were used.
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
    """Return the indices of the points at which stretches begin, without the first."""
    return np.flatnonzero(np.diff(time) > _GAP_DAYS) + 1
