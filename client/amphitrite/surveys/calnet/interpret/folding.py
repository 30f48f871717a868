"""Light curves folded at a period: their profiles, scatter and minima.

The *profile* is the mean flux in bins of phase.  At the right period the points scatter
little about it (phase dispersion minimisation, Stellingwerf 1978, ApJ 224, 953,
doi:10.1086/156444).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from amphitrite.surveys.calnet.prepare.segments import Segment

Floats = NDArray[np.float64]

_BIN_DAYS: Final = 20 / 1440  # width of a profile's bins; narrow eclipses last an hour
_FEWEST_BINS, _MOST_BINS = 24, 200
_LEVEL_PERCENTILE: Final = 90.0


def join(segments: Sequence[Segment]) -> tuple[Floats, Floats]:
    """Return the points of all segments, with each segment divided by its median flux.

    Parameters
    ----------
    segments : sequence of Segment
        In the order of time, with positive median fluxes.

    Returns
    -------
    time, flux : (n,) ndarray of float64
        Times in days, and flux relative to the median.
    """
    time = np.concatenate([segment.time for segment in segments])
    flux = np.concatenate([s.flux / np.median(s.flux) for s in segments])
    return time, flux


def average(time: Floats, flux: Floats, *, width: float) -> tuple[Floats, Floats]:
    """Return the means of time and flux in bins of time.

    Parameters
    ----------
    time, flux : (n,) ndarray of float64
        Increasing times, and flux.
    width : float
        Width of the bins in the unit of time.

    Returns
    -------
    time, flux : (m,) ndarray of float64
        Means in the bins that contain points.
    """
    step = np.floor((time - time[0]) / width).astype(np.int64)
    first = np.flatnonzero(np.diff(step, prepend=-1))
    count = np.diff(first, append=len(time))
    return np.add.reduceat(time, first) / count, np.add.reduceat(flux, first) / count


def n_bins(period: float) -> int:
    """Return a suitable number of bins of phase for a period in days."""
    return int(np.clip(period / _BIN_DAYS, _FEWEST_BINS, _MOST_BINS))


@dataclass(frozen=True)
class Profile:
    """A light curve in bins of phase; the first bin begins at phase 0.

    Parameters
    ----------
    mean : (n_bins,) ndarray of float64
        Mean flux; NaN in bins without points.
    variance : (n_bins,) ndarray of float64
        Unbiased estimate of the variance of the flux; NaN in bins with fewer than two
        points.
    count : (n_bins,) ndarray of int64
        Number of points.
    """

    mean: Floats
    variance: Floats
    count: NDArray[np.int64]

    @property
    def error(self) -> Floats:
        """Standard errors of the means; NaN in bins with fewer than two points."""
        errors: Floats = np.sqrt(self.variance / np.maximum(self.count, 1))
        return errors

    @property
    def filled(self) -> Floats:
        """The means, interpolated in empty bins."""
        at = np.arange(len(self.mean))
        known = self.count > 0
        return np.interp(at, at[known], self.mean[known], period=len(self.mean))


def profile(
    time: Floats, flux: Floats, *, period: float, bins: int, epoch: float = 0.0
) -> Profile:
    """Return the profile of a light curve that is folded at a period.

    Parameters
    ----------
    time, flux : (n,) ndarray of float64
        Times and fluxes of the points.
    period, epoch : float
        The period, and a time of phase 0, in the unit of time.
    bins : int
        Number of bins.
    """
    # Deviations from the mean are squared, which loses less precision.
    centre = flux.mean()
    y = flux - centre
    at = _bin(time, period, bins, epoch)
    count = np.bincount(at, minlength=bins)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.bincount(at, y, bins) / count
        squares = np.bincount(at, y * y, bins) / count
        variance = np.maximum(squares - mean**2, 0) * count / (count - 1)
    variance[count < 2] = np.nan
    return Profile(mean + centre, variance, count)


def phases(time: Floats, period: float, epoch: float) -> Floats:
    """Return the phases of times, from 0 up to 1, with 0 at the epoch."""
    cycles = (time - epoch) / period
    return cycles - np.floor(cycles)


def _bin(time: Floats, period: float, bins: int, epoch: float) -> NDArray[np.int64]:
    at = (phases(time, period, epoch) * bins).astype(np.int64)
    return np.minimum(at, bins - 1)  # rounding can give a phase of 1


def dispersion(time: Floats, flux: Floats, *, period: float, bins: int) -> float:
    """Return the variance about the profile as a fraction of the total variance.

    Parameters
    ----------
    time, flux : (n,) ndarray of float64
        Times in days, and relative flux.
    period : float
        Period in days.
    bins : int
        Number of bins of the profile.

    Returns
    -------
    float
        About 1 for a wrong period, near 0 for the right period of a clear signal; 1 if
        there are too few points, or no variance.
    """
    y = flux - flux.mean()
    at = _bin(time, period, bins, 0.0)
    count = np.bincount(at, minlength=bins)
    occupied = int((count > 0).sum())
    total = float(y @ y)
    if len(y) <= occupied or total == 0:
        return 1.0
    between = float((np.bincount(at, y, bins) ** 2 / np.maximum(count, 1)).sum())
    within = (total - between) / (len(y) - occupied)
    return within / (total / (len(y) - 1))


def slopes(folded: Profile) -> tuple[Floats, Floats]:
    """Return the slopes of a profile per cycle, and their variances from noise.

    Parameters
    ----------
    folded : Profile
        The profile.

    Returns
    -------
    slope, variance : (n_bins,) ndarray of float64
        Difference of the bins on both sides; their noise is taken as white.
    """
    bins = len(folded.mean)
    means = folded.filled
    variance = np.nan_to_num(folded.error**2, nan=0.0)
    slope = 0.5 * bins * (np.roll(means, -1) - np.roll(means, 1))
    noise = 0.25 * bins**2 * (np.roll(variance, -1) + np.roll(variance, 1))
    return slope, noise


def level(folded: Profile) -> float:
    """Return the flux outside eclipses: the 90th percentile of the profile."""
    return float(np.nanpercentile(folded.mean, _LEVEL_PERCENTILE))


def depth(folded: Profile) -> float:
    """Return the depth of a profile's lowest bin as a fraction of `level`."""
    top = level(folded)
    return (top - float(np.nanmin(folded.mean))) / top


def minimum(time: Floats, flux: Floats, *, period: float) -> float:
    """Return the time of a deepest minimum, the closest to the middle of the times.

    Parameters
    ----------
    time, flux : (n,) ndarray of float64
        Times in days, and relative flux.
    period : float
        Period in days.

    Returns
    -------
    float
        Time in the system of ``time``: the flux-weighted centre of the dip around the
        lowest bin of the profile.
    """
    bins = n_bins(period)
    means = profile(time, flux, period=period, bins=bins).filled
    lowest = int(np.argmin(means))
    half = np.median(means) - 0.5 * (np.median(means) - means[lowest])
    # The dip consists of the bins around the lowest one, below half of its depth.
    offsets = [0]
    for direction in (1, -1):
        for step in range(1, bins // 4):
            if means[(lowest + direction * step) % bins] >= half:
                break
            offsets.append(direction * step)
    around = np.array(offsets)
    weights = np.maximum(half - means[(lowest + around) % bins], 1e-12)
    phase = (lowest + 0.5 + (around @ weights) / weights.sum()) / bins
    middle = 0.5 * (time[0] + time[-1])
    return float((round(middle / period - phase) + phase) * period)
