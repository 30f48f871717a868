"""Decision whether the orbital period is twice the period of the light curve.

Two eclipses per orbit look like one eclipse at half the period.  The orbital period is
twice as long if alternate minima differ in depth, or if the profile is a plain
sinusoid, which is that of two stars in contact.
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
    """Return the reason why a period has to be doubled, or None.

    Parameters
    ----------
    time, flux : (n,) ndarray of float64
        Times in days, and relative flux.
    period : float
        Refined period in days.

    Returns
    -------
    {"odd_even", "sinusoid"} or None
        `ODD_EVEN` if odd and even minima differ in depth by at least 1 % and
        significantly, both in comparison with noise and with the scatter of the minima
        of each kind.  `SINUSOID` if the profile is a plain sinusoid.  None if the
        period is not to be doubled.
    """
    if _odd_even_differ(time, flux, period):
        return ODD_EVEN
    if _is_sinusoid(time, flux, period):
        return SINUSOID
    return None


def _odd_even_differ(time: Floats, flux: Floats, period: float) -> bool:
    """Return whether odd and even minima differ in depth."""
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
        return sigmas > _SIGMA  # too few minima to know their scatter
    chance = float(ttest_ind(minima.depth[odd], minima.depth[even]).pvalue)
    return chance < _CHANCE or (sigmas > _SIGMA and chance < _CHANCE_IF_CLEAR)


@dataclass(frozen=True)
class _Minima:
    """The minima of single cycles that are observed completely.

    Parameters
    ----------
    number : (n,) ndarray of int64
        Number of the cycle.
    depth, error : (n,) ndarray of float64
        Depth in units of the mean depth, and its error from white noise.
    """

    number: NDArray[np.int64]
    depth: Floats
    error: Floats


def _minima(time: Floats, flux: Floats, period: float) -> _Minima:
    """Return the depths from fits of the profile's minimum to each single cycle.

    The flux level of each cycle is free as well, since it changes with the stars'
    spots.
    """
    bins = n_bins(period)
    # Cycles begin half a period before the minimum, so that it lies inside one of them.
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
    # Minima with missing parts are left out: the errors of their depths are too small.
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
    """Return an array with values where the mask is True, and 0 elsewhere."""
    placed = np.zeros(len(where))
    placed[where] = values
    return placed


def _dip(means: Floats) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return masks of the bins of the minimum at a profile's centre, and beside it.

    The minimum consists of the bins below half of its depth; the bins beside it reach
    to four times its half-width.
    """
    bins = len(means)
    away = np.abs(np.arange(bins) - bins // 2)
    half = 0.5 * (np.median(means) + means[away <= 1].min())
    width = max(1, int(away[means >= half].min()))
    return away < width, (away >= width) & (away < 4 * width)


def _is_sinusoid(time: Floats, flux: Floats, period: float) -> bool:
    """Return whether the first harmonic dominates the profile."""
    means = profile(time, flux, period=period, bins=24).filled
    harmonics = np.abs(np.fft.rfft(means))[1:]
    return bool(harmonics[0] > _FIRST_HARMONIC * np.sqrt((harmonics**2).sum()))
