"""Which of several periods is that of a light curve.

A period is supported by what other cycles repeat: the product of two points of one
phase is the square of the signal there, if they come from different cycles, whatever
noise and spots do to each.  Unlike the scatter about a profile, which a long period
makes small by folding little upon itself, this can be compared between all periods.
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
"""Shorter than the orbit of any pair of ordinary stars."""
LONGEST: Final = 0.98
"""Of the span of a light curve: a little of a second cycle must be seen."""

_MULTIPLES_OF_PEAK: Final = (0.5, 1, 2, 3, 4, 5, 6, 8)
_MULTIPLES_OF_BOX: Final = (1 / 3, 0.5, 2 / 3, 1, 1.5, 2, 3)
_APART: Final = 0.1  # of a peak's width
_REPEATED: Final = 0.8
_NEAR_BEST: Final = 1.3
_NEAR_BEST_FLOOR: Final = 2e-4


def seeds(gls_period: float, bls_period: float, *, span: float) -> list[float]:
    """Return the periods that are worth a closer look.

    Parameters
    ----------
    gls_period, bls_period : float
        Peaks of the periodogram and of the search for boxes, days; NaN where there is
        none.
    span : float
        Days that the light curve covers.

    Returns
    -------
    list of float
        Days: multiples and parts of the peaks, less those so near another that one
        look serves both.
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
    """A period, the scatter about its profile, and what other cycles repeat."""

    period: float
    scatter: float
    repeated: float


def choose(time: Floats, curves: Sequence[Floats], tried: Sequence[float]) -> float:
    """Return the shortest period that explains a light curve about as well as any.

    Parameters
    ----------
    time : (n,) ndarray of float64
        Days.
    curves : sequence of (n,) ndarray of float64
        Relative flux, as it is and without slow changes: of spotted stars more repeats
        itself without them, of close binaries with them.
    tried : sequence of float
        Periods to refine and to choose from, days.

    Returns
    -------
    float
        Days.  It is chosen by the curve of which more repeats itself.  Of the periods
        that repeat at least 80 % of what the best one does it is the shortest with a
        scatter within 30 % of the least.
    """
    judged = [_judge(time, flux, tried) for flux in curves]
    clearest = max(judged, key=_most_repeated)
    most = _most_repeated(clearest)
    enough = min(_REPEATED * most, most)  # which is negative of noise alone
    kept = [one for one in clearest if one.repeated >= enough]
    limit = _NEAR_BEST * min(one.scatter for one in kept) + _NEAR_BEST_FLOOR
    return min(one.period for one in kept if one.scatter <= limit)


def _judge(time: Floats, flux: Floats, tried: Sequence[float]) -> list[_Tried]:
    """Refine periods by one curve and see what they explain of it."""
    found = (scan(time, flux, seed) for seed in tried)
    return [
        _Tried(period, scatter, repeated(time, flux, period=period))
        for period, scatter in found
    ]


def _most_repeated(tried: Sequence[_Tried]) -> float:
    return max(one.repeated for one in tried)


def repeated(time: Floats, flux: Floats, *, period: float) -> float:
    """Return the part of the variance that is the same in other cycles.

    Parameters
    ----------
    time, flux : (n,) ndarray of float64
        Days; relative flux.
    period : float
        Days.

    Returns
    -------
    float
        1 where every cycle is the same, about 0 for a wrong period; phases seen in one
        cycle alone count as not repeated.  The variance is taken about the median, so
        that nothing but eclipses counts where most of the light curve is flat.

    Notes
    -----
    With sums S and numbers n of the points of cycle c in bin b of phase, the square of
    the signal in a bin is estimated, without a bias by noise, as
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
