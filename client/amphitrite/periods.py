"""The orbital period of a likely eclipsing binary.

A periodogram alone is seldom right: two eclipses an orbit make it peak at half of the
period, narrow ones at some harmonic.  So its peak and that of a box search are only
seeds, and the rule is:

1. Multiples and parts of the seeds are refined by the dispersion about the profile.
2. The shortest period whose dispersion is within 30 % of the best is taken.
3. It is doubled where odd and even minima differ (by more than 6 sigma and 1 % of the
   depth, and more than minima differ among themselves), and where the profile is a
   plain sinusoid: two stars in contact show two alike minima an orbit.
4. A least-squares step against the profile gives the last digits and the error.

Two alike eclipses, half an orbit apart, cannot be told from one: half of the period is
then what the rule gives, unless the profile is sinusoidal.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtr

from amphitrite import boxes
from amphitrite.folding import (
    Profile,
    average,
    depth,
    dispersion,
    minimum,
    n_bins,
    phases,
    profile,
)
from amphitrite.periodogram import false_alarm_probability, frequencies, power

Floats = NDArray[np.float64]

SHORTEST_DAYS: Final = 0.1
"""Shorter than the orbit of any pair of ordinary stars."""

_SEED_DAYS: Final = 0.08
_AVERAGED_DAYS: Final = 10 / 1440
_SEARCHED_DAYS: Final = 56.0  # two sectors
_STRETCH_DAYS: Final = 10.0  # a longer gap ends a stretch of sectors
_MULTIPLES_OF_PEAK: Final = (0.5, 1, 2, 3, 4, 5, 6, 8)
_MULTIPLES_OF_BOX: Final = (1 / 3, 0.5, 2 / 3, 1, 1.5, 2, 3)
_NEAR_BEST: Final = 1.3
_NEAR_BEST_FLOOR: Final = 2e-4
_ODD_EVEN_SIGMA: Final = 6.0
_ODD_EVEN_PART: Final = 0.01
_ODD_EVEN_CHANCE: Final = 0.01
_SINUSOID: Final = 0.8
_CONNECTED_CYCLES: Final = 0.15
_NOISE_DAYS: Final = 0.1
_FINER: Final = 4
_POINTS_A_BIN: Final = 20

ODD_EVEN: Final = "odd_even"
SINUSOID: Final = "sinusoid"
FEW_CYCLES: Final = "few_cycles"
UNCONNECTED: Final = "unconnected"
FLAGS: Final = (ODD_EVEN, SINUSOID, FEW_CYCLES, UNCONNECTED)
"""What may be said of a period."""


@dataclass(frozen=True)
class Peak:
    """The highest peak of a periodogram.

    Parameters
    ----------
    period : float
        Days; NaN where there is nothing to search.
    power : float
        Its power, 0 to 1.
    fap : float
        False-alarm probability in white noise.
    """

    period: float
    power: float
    fap: float


@dataclass(frozen=True)
class Ephemeris:
    """When a binary eclipses.

    Parameters
    ----------
    period, period_err : float
        Orbital period and its standard error, days.
    epoch : float
        Time of a primary minimum near the middle of the light curve, in its system.
    depth : float
        Depth of the primary minimum as a part of the flux outside eclipses.
    peak : Peak
        Of the periodogram.
    bls_period : float
        Period of the best repeated box, days; NaN where none was searched.
    flags : tuple of str
        See `amphitrite.surveys.calnet.FLAGS`.
    """

    period: float
    period_err: float
    epoch: float
    depth: float
    peak: Peak
    bls_period: float
    flags: tuple[str, ...]

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Return what a journal keeps."""
        peak = self.peak
        numbers = (self.period, self.period_err, self.epoch, self.depth)
        return {
            "numbers": np.array(
                [*numbers, peak.period, peak.power, peak.fap, self.bls_period]
            ),
            "flags": np.array(self.flags, dtype=np.str_),
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> Ephemeris:
        """Read it back."""
        period, error, epoch, depth, *of_peak, box = arrays["numbers"].tolist()
        flags = tuple(str(flag) for flag in arrays["flags"])
        return cls(period, error, epoch, depth, Peak(*of_peak), box, flags)


def peak(time: Floats, flux: Floats) -> Peak:
    """Find the highest peak of the periodogram, between 0.08 d and half of the span.

    Parameters
    ----------
    time, flux : (n,) ndarray of float64
        Days, rising; flux in any unit.
    """
    span = float(time[-1] - time[0])
    if span <= 2 * _SEED_DAYS or len(time) < 3:
        return Peak(np.nan, 0.0, 1.0)
    grid = frequencies(_SEED_DAYS, span / 2, span)
    powers = power(time, flux, grid)
    best = int(np.argmax(powers))
    chance = false_alarm_probability(
        float(powers[best]), time, maximum_frequency=1 / _SEED_DAYS
    )
    return Peak(float(1 / grid[best]), float(powers[best]), chance)


def measure(time: Floats, flux: Floats) -> Ephemeris:
    """Find the period of an eclipsing binary.

    Parameters
    ----------
    time : (n,) ndarray of float64
        Days, rising; of one sector or many.
    flux : (n,) ndarray of float64
        Relative to the median, without flares; see `amphitrite.folding.join`.

    Returns
    -------
    Ephemeris
        Periods between 0.1 d and half of the longest stretch without a gap of ten
        days, of which at most 56 d are searched.  Other sectors make the period more
        precise as far as the cycles between can be counted.
    """
    inside = _searched(time)
    t, y = time[inside], flux[inside]
    highest = peak(t, y)
    coarse = average(t, y, width=_AVERAGED_DAYS)
    longest = 0.5 * float(t[-1] - t[0])
    bls_period = boxes.search(*coarse, longest=longest)
    period = _shortest_good(*coarse, _seeds(highest.period, bls_period, longest))
    period, _ = refine(t, y, period)
    flags = []
    if 2 * period <= longest:
        for flag, applies in ((ODD_EVEN, _odd_even_differ), (SINUSOID, _is_sinusoid)):
            if applies(t, y, period):
                period *= 2
                flags.append(flag)
                break
    period, error = refine(t, y, period)
    period, error, reached = _extend(time, flux, inside, period, error)
    if not reached.all():
        flags.append(UNCONNECTED)
    if time[reached][-1] - time[reached][0] < 3 * period:
        flags.append(FEW_CYCLES)
    # Dips are measured where the phases are surely right.
    t, y = time[reached], flux[reached]
    epoch = minimum(t, y, period=period)
    folded = profile(t, y, period=period, bins=n_bins(period), epoch=epoch)
    return Ephemeris(
        *(period, error, epoch, depth(folded), highest, bls_period, tuple(flags))
    )


def _searched(time: Floats) -> NDArray[np.bool_]:
    """Choose the longest stretch of the light curve, or its first 56 days."""
    edges = np.flatnonzero(np.diff(time) > _STRETCH_DAYS) + 1
    parts = np.split(time, edges)
    chosen = max(parts, key=lambda part: float(part[-1] - part[0]))
    last = min(chosen[-1], chosen[0] + _SEARCHED_DAYS)
    inside: NDArray[np.bool_] = (time >= chosen[0]) & (time <= last)
    return inside


def _seeds(gls_period: float, bls_period: float, longest: float) -> list[float]:
    """Return the periods that are worth a closer look."""
    seeds = [gls_period * m for m in _MULTIPLES_OF_PEAK]
    seeds += [bls_period * m for m in _MULTIPLES_OF_BOX]
    return [seed for seed in seeds if SHORTEST_DAYS <= seed <= longest]


def _shortest_good(time: Floats, flux: Floats, seeds: list[float]) -> float:
    """Return the shortest period with a dispersion near the best."""
    tried = dict(scan(time, flux, seed) for seed in seeds)
    limit = _NEAR_BEST * min(tried.values()) + _NEAR_BEST_FLOOR
    return min(period for period, scatter in tried.items() if scatter <= limit)


def scan(
    time: Floats, flux: Floats, period: float, *, half_width: float | None = None
) -> tuple[float, float]:
    """Return the period of the least dispersion near a period, and the dispersion.

    Parameters
    ----------
    time, flux : (n,) ndarray of float64
        The points; days.
    period : float
        Where to look, days.
    half_width : float, optional
        How far to either side, cycles per day; by default 0.3 divided by the span, the
        precision of a peak.
    """
    span = time[-1] - time[0]
    bins = n_bins(period)
    width = 0.3 / span if half_width is None else half_width
    # By one step the last cycle moves against the first by half a bin.
    step = 0.5 / (span * bins)
    count = int(np.ceil(width / step))
    tried = 1 / (1 / period + step * np.arange(-count, count + 1))
    scatter = [dispersion(time, flux, period=p, bins=bins) for p in tried]
    best = int(np.argmin(scatter))
    return float(tried[best]), scatter[best]


def _odd_even_differ(time: Floats, flux: Floats, period: float) -> bool:
    """Return whether alternate cycles have minima of other depths.

    A depth is measured from the flux beside the minimum, which spots change too.
    """
    bins = n_bins(period)
    # Cycles begin half an orbit off the minimum, lest it falls into two of them.
    start = minimum(time, flux, period=period) - 0.5 * period
    both = profile(time, flux, period=2 * period, bins=2 * bins, epoch=start)
    low, beside = _dip(0.5 * (both.filled[:bins] + both.filled[bins:]))
    depths, squares = [], 0.0
    for half in (slice(0, bins), slice(bins, 2 * bins)):
        mean, error, seen = both.mean[half], both.error[half], both.count[half] > 1
        inside, outside = low & seen, beside & seen
        if 2 * inside.sum() < low.sum() or not outside.any():
            return False
        depths.append(mean[outside].mean() - mean[inside].mean())
        for part in (inside, outside):
            squares += float((error[part] ** 2).sum()) / int(part.sum()) ** 2
    offset = abs(float(depths[0] - depths[1]))
    return (
        offset > _ODD_EVEN_SIGMA * np.sqrt(squares)
        and offset > _ODD_EVEN_PART * max(depths)
        and _alternate(time - start, flux, period, low, beside)
    )


def _dip(means: Floats) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return the bins of the minimum in the middle of a profile, and those beside it.

    The minimum is what lies below half of its depth; what is beside it begins twice as
    far from its middle, and ends at four times.
    """
    bins = len(means)
    away = np.abs(np.arange(bins) - bins // 2)
    half = 0.5 * (np.median(means) + means[away <= 1].min())
    width = max(1, int(away[means >= half].min()))
    return away < width, (away >= min(2 * width, bins // 3)) & (away < 4 * width)


def _alternate(
    time: Floats,
    flux: Floats,
    period: float,
    low: NDArray[np.bool_],
    beside: NDArray[np.bool_],
) -> bool:
    """Return whether single minima alternate, more than they differ among themselves.

    Spots change the depths from one cycle to the next without regard to odd and even.
    """
    bins = len(low)
    at = np.minimum((phases(time, period, 0.0) * bins).astype(np.int64), bins - 1)
    cycle = np.floor(time / period).astype(np.int64)
    cycle -= cycle.min()
    n = int(cycle.max()) + 1
    inside, outside = low[at], beside[at]
    count = np.bincount(cycle[inside], minlength=n)
    count_beside = np.bincount(cycle[outside], minlength=n)
    # A part of a minimum has another depth.
    whole = (count > 0.8 * np.median(count[count > 0])) & (count_beside > 0)
    depth = (
        np.bincount(cycle[outside], flux[outside], n)[whole] / count_beside[whole]
        - np.bincount(cycle[inside], flux[inside], n)[whole] / count[whole]
    )
    number = np.flatnonzero(whole)
    odd, even = depth[number % 2 == 1], depth[number % 2 == 0]
    if len(odd) < 2 or len(even) < 2:
        return True  # too few to say otherwise
    freedom = len(odd) + len(even) - 2
    scatter = len(odd) * np.var(odd) + len(even) * np.var(even)
    error = np.sqrt(scatter / freedom * (1 / len(odd) + 1 / len(even)))
    offset = abs(float(odd.mean() - even.mean()))
    # Student's test of two means
    return bool(2 * stdtr(freedom, -offset / (error + 1e-12)) < _ODD_EVEN_CHANCE)


def _is_sinusoid(time: Floats, flux: Floats, period: float) -> bool:
    """Return whether the first harmonic makes up most of the profile."""
    means = profile(time, flux, period=period, bins=24).filled
    harmonics = np.abs(np.fft.rfft(means))[1:]
    return bool(harmonics[0] > _SINUSOID * np.sqrt((harmonics**2).sum()))


def refine(time: Floats, flux: Floats, period: float) -> tuple[float, float]:
    """Improve a period by least squares against its own profile.

    Parameters
    ----------
    time, flux : (n,) ndarray of float64
        The points; days and relative flux.
    period : float
        Days, right to a small part of an eclipse over the span.

    Returns
    -------
    period, error : float
        Days.  The error is infinite where the profile is flat.

    Notes
    -----
    With the profile ``m`` at phase ``x = t / P``, a change of the period moves a point
    by ``dx = -(t - t0) / P^2``; the step and its error follow from the regression of
    the residuals on ``m' dx``.  What noise adds to the slope ``m'`` is taken off, and
    noise that is correlated over 0.1 d widens the error.
    """
    error = np.inf
    for _ in range(5):
        step, error = _step(time, flux, period)
        if not np.isfinite(error):
            return period, np.inf
        # The regression is linear only over a bin.
        most = period**2 / (time[-1] - time[0]) / n_bins(period)
        period += float(np.clip(step, -most, most))
        if abs(step) < 0.05 * error:
            break
    return period, error


def _step(time: Floats, flux: Floats, period: float) -> tuple[float, float]:
    """Return the change of the period that fits best, and its error."""
    bins = n_bins(period)
    folded = profile(time, flux, period=period, bins=bins)
    slope, noise = _slopes(folded)
    x = phases(time, period, 0.0) * bins - 0.5
    centres = np.arange(bins)
    residual = flux - np.interp(x, centres, folded.filled, period=bins)
    slopes = np.interp(x, centres, slope, period=bins)
    signal = np.maximum(slopes**2 - np.interp(x, centres, noise, period=bins), 0)
    if not signal.any():
        return 0.0, np.inf
    away = time - np.average(time, weights=signal)
    change = -slopes * away / period**2
    information = float((signal * away**2).sum()) / period**4
    step = float(residual @ change) / float(change @ change)
    error = _correlated_scatter(time, flux, period) / np.sqrt(information)
    return step, float(error)


def _slopes(folded: Profile) -> tuple[Floats, Floats]:
    """Return the slope of a profile per cycle, and the variance that noise gives it."""
    bins = len(folded.mean)
    means = folded.filled
    variance = np.nan_to_num(folded.error**2, nan=0.0)
    slope = 0.5 * bins * (np.roll(means, -1) - np.roll(means, 1))
    noise = 0.25 * bins**2 * (np.roll(variance, -1) + np.roll(variance, 1))
    return slope, noise


def _correlated_scatter(time: Floats, flux: Floats, period: float) -> float:
    """Return the scatter of single points that white noise of the same effect has.

    It is taken about a finer profile than that of the step, since what straight lines
    between its bins miss of an eclipse is no noise.
    """
    bins = min(_FINER * n_bins(period), max(1, len(time) // _POINTS_A_BIN))
    means = profile(time, flux, period=period, bins=bins).filled
    at = np.minimum((phases(time, period, 0.0) * bins).astype(np.int64), bins - 1)
    residual = flux - means[at]
    _, together = average(time, residual, width=_NOISE_DAYS)
    per_mean = len(time) / len(together)
    white = float(np.std(residual))
    return max(white, float(np.std(together)) * float(np.sqrt(per_mean)))


def _extend(
    time: Floats, flux: Floats, inside: NDArray[np.bool_], period: float, error: float
) -> tuple[float, float, NDArray[np.bool_]]:
    """Add further sectors, the nearest first, while their cycles can be counted."""
    edges = np.flatnonzero(np.diff(time) > _STRETCH_DAYS) + 1
    stretch = np.searchsorted(edges, np.arange(len(time)), side="right")
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
        coarse = average(t, y, width=_AVERAGED_DAYS)
        width = min(4 * error / period**2, 0.3 / (span * _CONNECTED_CYCLES))
        near, _ = scan(*coarse, period, half_width=width)
        period, error = refine(t, y, near)
        reached = more
    return period, error, reached
