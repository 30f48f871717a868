"""Whether the orbit is twice as long as the light curve takes to repeat itself.

Two eclipses an orbit look like one at half of the period.  What tells them apart is
that they differ in depth, or that a plain sinusoid is known to be two stars in contact.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.stats import ttest_ind

from amphitrite.surveys.calnet.interpret.folding import minimum, n_bins, phases, profile

Floats = NDArray[np.float64]

ODD_EVEN: Final = "odd_even"
SINUSOID: Final = "sinusoid"

_PART: Final = 0.01
_SIGMA: Final = 6.0
_LEAST_SIGMA: Final = 3.0
_CHANCE: Final = 0.001
_CHANCE_IF_CLEAR: Final = 0.01
_WHOLE: Final = 0.8
_FIRST_HARMONIC: Final = 0.8


def reason(time: Floats, flux: Floats, period: float) -> str | None:
    """Say why a period is to be doubled.

    Parameters
    ----------
    time, flux : (n,) ndarray of float64
        The points; days and relative flux.
    period : float
        Days, well refined.

    Returns
    -------
    {"odd_even", "sinusoid"} or None
        `ODD_EVEN` where alternate minima differ: by more than 6 sigma and 1 % of the
        depth, and more than minima differ among themselves.  `SINUSOID` where the
        profile is a plain sinusoid.  None where the period is to stay.
    """
    if _odd_even_differ(time, flux, period):
        return ODD_EVEN
    if _is_sinusoid(time, flux, period):
        return SINUSOID
    return None


def _odd_even_differ(time: Floats, flux: Floats, period: float) -> bool:
    """Return whether every other minimum is deeper."""
    minima = _minima(time, flux, period)
    odd, even = minima.number % 2 == 1, minima.number % 2 == 0
    if not (odd.any() and even.any()):
        return False
    offset = abs(float(minima.depth[odd].mean() - minima.depth[even].mean()))
    squares = [
        (minima.error[half] ** 2).sum() / half.sum() ** 2 for half in (odd, even)
    ]
    sigmas = offset / float(np.sqrt(sum(squares)))
    if offset < _PART or sigmas < _LEAST_SIGMA:
        return False
    if odd.sum() < 2 or even.sum() < 2:
        return sigmas > _SIGMA  # too few to know how they differ among themselves
    chance = float(ttest_ind(minima.depth[odd], minima.depth[even]).pvalue)
    return chance < _CHANCE or (sigmas > _SIGMA and chance < _CHANCE_IF_CLEAR)


@dataclass(frozen=True)
class _Minima:
    """The minima of single cycles, those that were seen from begin to end.

    Parameters
    ----------
    number : (n,) ndarray of int64
        Of the cycle.
    depth, error : (n,) ndarray of float64
        Depth, in units of that of the profile, and its error by white noise.
    """

    number: NDArray[np.int64]
    depth: Floats
    error: Floats


def _minima(time: Floats, flux: Floats, period: float) -> _Minima:
    """Fit the minimum of the profile to each cycle, at a depth and level of its own.

    The level follows the spots of the stars.
    """
    bins = n_bins(period)
    # Cycles begin half an orbit off the minimum, lest it falls into two of them.
    start = minimum(time, flux, period=period) - 0.5 * period
    means = profile(time, flux, period=period, bins=bins, epoch=start).filled
    low, beside = _dip(means)
    x = phases(time, period, start) * bins
    at = np.minimum(x.astype(np.int64), bins - 1)
    number = np.floor((time - start) / period).astype(np.int64)
    number -= number.min()
    n = int(number.max()) + 1
    seen, seen_beside = (
        np.bincount(number[part[at]], minlength=n) for part in (low, beside)
    )
    # Of a part of a minimum the depth is less certain than it seems.
    whole = (seen > _WHOLE * np.median(seen[seen > 0])) & (seen_beside > 0)
    near = (low | beside)[at] & whole[number]
    cycle, y = number[near], flux[near]
    dip = (np.median(means) - means) / (np.median(means) - means[low].min())
    template = np.interp(x[near] - 0.5, np.arange(bins), -dip, period=bins)
    count = np.maximum(np.bincount(cycle, minlength=n), 1)
    template = template - (np.bincount(cycle, template, n) / count)[cycle]
    y = y - (np.bincount(cycle, y, n) / count)[cycle]
    squares = np.bincount(cycle, template**2, n)
    whole &= squares > 0
    depth = np.bincount(cycle, template * y, n)[whole] / squares[whole]
    scatter = float(np.std(y - _at(depth, whole)[cycle] * template))
    error = scatter / np.sqrt(squares[whole])
    usual = float(depth.mean())
    return _Minima(np.flatnonzero(whole), depth / usual, error / abs(usual))


def _at(values: Floats, where: NDArray[np.bool_]) -> Floats:
    """Return values at the places where they belong, 0 elsewhere."""
    placed = np.zeros(len(where))
    placed[where] = values
    return placed


def _dip(means: Floats) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return the bins of the minimum in the middle of a profile, and those beside it.

    The minimum is what lies below half of its depth; what is beside it ends four times
    as far from its middle.
    """
    bins = len(means)
    away = np.abs(np.arange(bins) - bins // 2)
    half = 0.5 * (np.median(means) + means[away <= 1].min())
    width = max(1, int(away[means >= half].min()))
    return away < width, (away >= width) & (away < 4 * width)


def _is_sinusoid(time: Floats, flux: Floats, period: float) -> bool:
    """Return whether the first harmonic makes up most of the profile."""
    means = profile(time, flux, period=period, bins=24).filled
    harmonics = np.abs(np.fft.rfft(means))[1:]
    return bool(harmonics[0] > _FIRST_HARMONIC * np.sqrt((harmonics**2).sum()))
