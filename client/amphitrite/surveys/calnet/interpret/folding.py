"""Light curves folded at a period: profiles, their scatter, their minima.

A *profile* is the mean flux in bins of phase.  The right period is one at which the
points scatter little about it (phase dispersion minimisation, Stellingwerf 1978,
ApJ 224, 953, doi:10.1086/156444).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from amphitrite.surveys.calnet.prepare.segments import Segment

Floats = NDArray[np.float64]

_BIN_DAYS: Final = 20 / 1440  # of a profile: narrow eclipses last about an hour
_FEWEST_BINS, _MOST_BINS = 24, 200
_LEVEL_PERCENTILE: Final = 90.0


def join(segments: Sequence[Segment]) -> tuple[Floats, Floats]:
    """Put segments together, each divided by its median flux.

    Parameters
    ----------
    segments : sequence of Segment
        In the order of time, with positive median fluxes.

    Returns
    -------
    time, flux : (n,) ndarray of float64
        Days, and flux relative to the median.
    """
    time = np.concatenate([segment.time for segment in segments])
    flux = np.concatenate([s.flux / np.median(s.flux) for s in segments])
    return time, flux


def average(time: Floats, flux: Floats, *, width: float) -> tuple[Floats, Floats]:
    """Return the means of time and flux in steps of time.

    Parameters
    ----------
    time, flux : (n,) ndarray of float64
        Times rising.
    width : float
        The steps, in the unit of time.

    Returns
    -------
    time, flux : (m,) ndarray of float64
        Of the steps that hold a point.
    """
    step = np.floor((time - time[0]) / width).astype(np.int64)
    first = np.flatnonzero(np.diff(step, prepend=-1))
    count = np.diff(first, append=len(time))
    return np.add.reduceat(time, first) / count, np.add.reduceat(flux, first) / count


def n_bins(period: float) -> int:
    """Return how many bins of phase suit a period in days."""
    return int(np.clip(period / _BIN_DAYS, _FEWEST_BINS, _MOST_BINS))


@dataclass(frozen=True)
class Profile:
    """A light curve in bins of phase; the first bin begins at phase 0.

    Parameters
    ----------
    mean : (n_bins,) ndarray of float64
        Mean flux; NaN where no point falls.
    variance : (n_bins,) ndarray of float64
        Variance of the flux about the mean, estimated without bias; NaN below two
        points.
    count : (n_bins,) ndarray of int64
        Points.
    """

    mean: Floats
    variance: Floats
    count: NDArray[np.int64]

    @property
    def error(self) -> Floats:
        """Standard errors of the means."""
        errors: Floats = np.sqrt(self.variance / np.maximum(self.count, 1))
        return errors

    @property
    def filled(self) -> Floats:
        """The means, with those of empty bins taken from their neighbours."""
        at = np.arange(len(self.mean))
        known = self.count > 0
        return np.interp(at, at[known], self.mean[known], period=len(self.mean))


def profile(
    time: Floats, flux: Floats, *, period: float, bins: int, epoch: float = 0.0
) -> Profile:
    """Fold a light curve.

    Parameters
    ----------
    time, flux : (n,) ndarray of float64
        The points.
    period, epoch : float
        The period, and a time of phase 0, in the unit of time.
    bins : int
        How many bins.
    """
    # Small numbers squared lose nothing that large ones would.
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
    """Return phases from 0 up to 1; 0 at the epoch."""
    cycles = (time - epoch) / period
    return cycles - np.floor(cycles)


def _bin(time: Floats, period: float, bins: int, epoch: float) -> NDArray[np.int64]:
    at = (phases(time, period, epoch) * bins).astype(np.int64)
    return np.minimum(at, bins - 1)  # rounding can give a phase of 1


def dispersion(time: Floats, flux: Floats, *, period: float, bins: int) -> float:
    """Return the variance about the profile as a part of all variance.

    Parameters
    ----------
    time, flux : (n,) ndarray of float64
        The points, in days and relative flux.
    period : float
        Days.
    bins : int
        Bins of the profile.

    Returns
    -------
    float
        About 1 for a wrong period, near 0 for the right one of a clear signal; 1 where
        there are too few points to tell, or no variance.
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


def level(folded: Profile) -> float:
    """Return the flux outside eclipses: the 90th percentile of the profile."""
    return float(np.nanpercentile(folded.mean, _LEVEL_PERCENTILE))


def depth(folded: Profile) -> float:
    """Return how far the lowest bin lies below the rest, as a part of the latter."""
    top = level(folded)
    return (top - float(np.nanmin(folded.mean))) / top


def minimum(time: Floats, flux: Floats, *, period: float) -> float:
    """Return the time of a deepest minimum, the one next to the middle of the times.

    Parameters
    ----------
    time, flux : (n,) ndarray of float64
        The points, in days and relative flux.
    period : float
        Days.

    Returns
    -------
    float
        In the system of ``time``: the flux-weighted middle of the dip about the lowest
        bin of the profile.
    """
    bins = n_bins(period)
    means = profile(time, flux, period=period, bins=bins).filled
    lowest = int(np.argmin(means))
    half = np.median(means) - 0.5 * (np.median(means) - means[lowest])
    # The dip: the bins next to the lowest that lie below half of its depth.
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
