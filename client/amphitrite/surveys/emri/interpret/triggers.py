"""Triggers: segments above the threshold, those that overlap taken together."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from amphitrite.surveys.emri.sampling import SEGMENT_SECONDS


@dataclass(frozen=True)
class Trigger:
    """Segments above the threshold that overlap.

    Parameters
    ----------
    first, last : int
        Numbers of the first and last segment.
    loudest : int
        Number of the one with the largest statistic.
    loudest_start : float
        Time at which that one begins in seconds since the stream's zero point.
    start, end : float
        Times of the first and the last moment of all of them in seconds since the
        stream's zero point.
    statistic : float
        The largest statistic.
    """

    first: int
    last: int
    loudest: int
    loudest_start: float
    start: float
    end: float
    statistic: float


def triggers(
    starts: NDArray[np.floating], statistics: NDArray[np.floating], threshold: float
) -> list[Trigger]:
    """Return the triggers of a stream.

    Parameters
    ----------
    starts : (n,) ndarray
        Times at which the segments begin in seconds, rising.
    statistics : (n,) ndarray
        Their statistics.
    threshold : float
        A segment above it is part of a trigger.

    Returns
    -------
    list of Trigger
        In the order of time.
    """
    groups: list[list[int]] = []
    for number in np.flatnonzero(np.asarray(statistics) > threshold).tolist():
        if groups and starts[number] < starts[groups[-1][-1]] + SEGMENT_SECONDS:
            groups[-1].append(number)
        else:
            groups.append([number])
    return [_trigger(group, starts, statistics) for group in groups]


def _trigger(
    group: list[int], starts: NDArray[np.floating], statistics: NDArray[np.floating]
) -> Trigger:
    loudest = max(group, key=lambda number: float(statistics[number]))
    return Trigger(
        group[0],
        group[-1],
        loudest,
        float(starts[loudest]),
        float(starts[group[0]]),
        float(starts[group[-1]]) + SEGMENT_SECONDS,
        float(statistics[loudest]),
    )
