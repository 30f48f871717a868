"""The cadence of a light curve: points in the order of time, and their averages."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from amphitrite.errors import BadInput

Floats = NDArray[np.float64]

SORTED: Final = "the points were not in the order of time and were sorted"
ONCE: Final = "of points at the same time the first was used"

_DAY: Final = 86400.0
_CADENCE: Final = 120.0  # s, of the light curves on which the network was trained
_FAST: Final = 90.0  # s; below it, cadences are averaged
_SLOW: Final = 300.0  # s; above it, a light curve is refused
_SAME: Final = 5.0  # s; no cadence is as short, so that such points are of one exposure
_MIXED: Final = 0.1  # share of slower steps, more than quality flags leave in a file


@dataclass(frozen=True)
class Points:
    """The good points of a file.

    Parameters
    ----------
    time, flux, error : (n,) ndarray of float64
        Times in days, flux and its error.
    number : (n,) ndarray of int64 or None
        Numbers of the cadences, if the file has them.
    """

    time: Floats
    flux: Floats
    error: Floats
    number: NDArray[np.int64] | None

    def __getitem__(self, rows: NDArray[np.generic]) -> Points:
        """Return some of the points, by a mask or by indices."""
        number = None if self.number is None else self.number[rows]
        return Points(self.time[rows], self.flux[rows], self.error[rows], number)


def sort(points: Points) -> tuple[Points, tuple[str, ...]]:
    """Return points in the order of time, each time once, and what was done.

    Times that differ by less than five seconds are equal, as of one exposure in two
    files; the first of their points is kept.
    """
    notes = []
    if (np.diff(points.time) < 0).any():
        points = points[np.argsort(points.time, kind="stable")]
        notes.append(SORTED)
    new = np.diff(points.time, prepend=-np.inf) > _SAME / _DAY
    if not new.all():
        points = points[new]
        notes.append(ONCE)
    return points, tuple(notes)


def cadence(days: Floats, path: Path) -> float:
    """Return the median time between two rows in s; 120 if there is only one row.

    Parameters
    ----------
    days : (n,) ndarray of float64
        Times of all rows in days, in any order; NaN is left out.
    path : Path
        The file, for messages.

    Raises
    ------
    BadInput
        It is above five minutes, or the file mixes fast and slow cadences.
    """
    steps = np.diff(np.sort(days[np.isfinite(days)])) * _DAY
    steps = steps[steps > _SAME]
    step = float(np.median(steps)) if len(steps) else _CADENCE
    if step > _SLOW:
        raise BadInput(
            f"{path} has a point every {step / 60:.1f} min; the network knows light "
            f"curves of two minutes, and at most {_SLOW / 60:.0f} min leave enough "
            "points between two gaps; give files of a faster cadence"
        )
    slower = float(((steps > _FAST) & (steps <= _SLOW)).mean()) if len(steps) else 0.0
    if step < _FAST and slower > _MIXED:
        raise BadInput(
            f"{path} mixes points every {step:.0f} s with slower ones, as files of two "
            "cadences that were put together; give each cadence as a file of its own"
        )
    return step


def together(step: float) -> int:
    """Return the number of cadences of a length in s that make a point."""
    return round(_CADENCE / step) if step < _FAST else 1


def averaged(points: Points, step: float, path: Path) -> tuple[Floats, Floats, Floats]:
    """Return time, flux and error, averaged to two minutes for faster cadences.

    Parameters
    ----------
    points : Points
        In the order of time.
    step : float
        The cadence in s.
    path : Path
        The file, for messages.

    Returns
    -------
    time, flux, error : (m,) ndarray of float64
        Each mean covers consecutive cadences; means of which less than half of the
        cadences are good are left out.

    Raises
    ------
    BadInput
        No mean is left.
    """
    n = together(step)
    if n == 1:
        return points.time, points.flux, points.error
    _, group, count = np.unique(
        _numbers(points, step) // n, return_inverse=True, return_counts=True
    )
    time = np.bincount(group, points.time) / count
    flux = np.bincount(group, points.flux) / count
    error = np.sqrt(np.bincount(group, points.error**2)) / count
    enough = 2 * count >= n
    if not enough.any():
        raise BadInput(
            f"{path} has no usable point: at {step:.0f} s a point, no mean over two "
            f"minutes has half of its {n} points good; leave it out"
        )
    return time[enough], flux[enough], error[enough]


def _numbers(points: Points, step: float) -> NDArray[np.int64]:
    """Return the numbers of cadences, from the times if the file has none that rise."""
    if points.number is not None and (np.diff(points.number) > 0).all():
        return points.number
    steps = (points.time - points.time[0]) * (_DAY / step)
    numbers: NDArray[np.int64] = np.rint(steps).astype(np.int64)
    return numbers
