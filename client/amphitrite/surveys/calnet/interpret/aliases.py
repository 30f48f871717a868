"""Choice of the period of a light curve among multiples and fractions of peaks.

A period is supported by the variance that repeats from cycle to cycle.  The mean
product of two points at the same phase but in different cycles is the square of the
signal there, since noise and spots differ between cycles.  This measure can be compared
between all periods, unlike the scatter about a profile, which is small for any long
period because few cycles are folded on each other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from amphitrite.surveys.calnet.interpret.folding import n_bins, phases
from amphitrite.surveys.calnet.interpret.refinement import scan

Floats = NDArray[np.float64]

SHORTEST_DAYS: Final = 0.1
"""Shortest period in days; no pair of ordinary stars has a shorter orbit."""
LONGEST: Final = 0.98
"""Longest period as a fraction of the light curve's span: the second cycle must have
begun."""

_MULTIPLES_OF_PEAK: Final = (0.5, 1, 2, 3, 4, 5, 6, 8)
_MULTIPLES_OF_BOX: Final = (1 / 3, 0.5, 2 / 3, 1, 1.5, 2, 3)
_APART: Final = 0.1  # of a peak's width
_REPEATED: Final = 0.8
_NEAR_BEST: Final = 1.3
_NEAR_BEST_FLOOR: Final = 2e-4


def seeds(gls_period: float, bls_period: float, *, span: float) -> list[float]:
    """Return the periods among which the period is chosen.

    Parameters
    ----------
    gls_period, bls_period : float
        Periods in days of the highest peaks of the periodogram and of the box search;
        NaN where there is none.
    span : float
        Time in days that the light curve covers.

    Returns
    -------
    list of float
        Multiples and fractions of both periods in days, without near duplicates.
    """
    tried = [gls_period * m for m in _MULTIPLES_OF_PEAK]
    tried += [bls_period * m for m in _MULTIPLES_OF_BOX]
    apart: list[float] = []
    for period in tried:
        near = any(abs(1 / period - 1 / other) < _APART / span for other in apart)
        if SHORTEST_DAYS <= period <= LONGEST * span and not near:
            apart.append(period)
    return apart


@dataclass(frozen=True)
class _Tried:
    """A period in days, the scatter about its profile, and the repeated variance."""

    period: float
    scatter: float
    repeated: float


def choose(time: Floats, curves: Sequence[Floats], tried: Sequence[float]) -> float:
    """Return the shortest period that explains a light curve about as well as the best.

    Parameters
    ----------
    time : (n,) ndarray of float64
        Times in days.
    curves : sequence of (n,) ndarray of float64
        The relative flux with and without slow changes.  For spotted stars more of the
        variance repeats without them, for close binaries with them.
    tried : sequence of float
        Periods in days, which are refined first.

    Returns
    -------
    float
        Period in days, chosen with the curve in which the larger part of the variance
        repeats.  Of the periods whose repeated variance is at least 80 % of the
        highest, it is the shortest with a scatter within 30 % of the least.
    """
    judged = [_judge(time, flux, tried) for flux in curves]
    clearest = max(judged, key=_most_repeated)
    most = _most_repeated(clearest)
    enough = min(_REPEATED * most, most)  # for noise alone, `most` may be negative
    kept = [one for one in clearest if one.repeated >= enough]
    limit = _NEAR_BEST * min(one.scatter for one in kept) + _NEAR_BEST_FLOOR
    return min(one.period for one in kept if one.scatter <= limit)


def _judge(time: Floats, flux: Floats, tried: Sequence[float]) -> list[_Tried]:
    """Return periods refined with one curve, with scatter and repeated variance."""
    found = (scan(time, flux, seed) for seed in tried)
    return [
        _Tried(period, scatter, repeated(time, flux, period=period))
        for period, scatter in found
    ]


def _most_repeated(tried: Sequence[_Tried]) -> float:
    return max(one.repeated for one in tried)


def repeated(time: Floats, flux: Floats, *, period: float) -> float:
    """Return the fraction of the variance that repeats from cycle to cycle.

    Parameters
    ----------
    time, flux : (n,) ndarray of float64
        Times in days; relative flux.
    period : float
        Period in days.

    Returns
    -------
    float
        1 if all cycles are equal, about 0 for a wrong period; phases that are observed
        in one cycle only count as not repeated.  The variance is taken about the
        median, so that only eclipses count if most of the light curve is flat.

    Notes
    -----
    With the sum S and the number n of points of cycle c in a bin of phase, the square
    of the signal in the bin is estimated, without bias by noise, as
    ``((sum_c S)^2 - sum_c S^2) / ((sum_c n)^2 - sum_c n^2)``.
    """
    y = flux - np.median(flux)
    total = float(y @ y)
    if total == 0:
        return 0.0
    bins = n_bins(period)
    at = np.minimum((phases(time, period, time[0]) * bins).astype(np.int64), bins - 1)
    cycle = np.floor((time - time[0]) / period).astype(np.int64)
    n_cycles = int(cycle.max()) + 1
    cell = cycle * bins + at
    shape = (n_cycles, bins)
    sums = np.bincount(cell, y, n_cycles * bins).reshape(shape)
    counts = np.bincount(cell, minlength=n_cycles * bins).reshape(shape)
    products = sums.sum(axis=0) ** 2 - (sums**2).sum(axis=0)
    pairs = counts.sum(axis=0) ** 2 - (counts**2).sum(axis=0)
    seen = pairs > 0
    signal = products[seen] / pairs[seen]
    return float(counts.sum(axis=0)[seen] @ signal) / total
