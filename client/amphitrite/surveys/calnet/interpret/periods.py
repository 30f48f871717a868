"""The orbital period of a candidate.

The highest peak of a periodogram is seldom at the orbital period: with two eclipses per
orbit it is at half the period, with narrow eclipses at some harmonic.  The peaks of the
periodogram and of a box search are therefore only starting points:

1. Multiples and fractions of both periods are refined by the dispersion about the
   profile.
2. Of the periods whose variance repeated from cycle to cycle is at least 80 % of the
   highest, the shortest with a dispersion within 30 % of the least is taken.  Slow
   changes are removed if more of the variance repeats without them
   (`amphitrite.surveys.calnet.interpret.aliases`).
3. The period is doubled if odd and even minima differ in depth, or if the profile is a
   plain sinusoid, since two stars in contact have two equal minima per orbit
   (`amphitrite.surveys.calnet.interpret.doubling`).
4. A least-squares fit of the profile gives the precise period and its error, which
   further sectors improve (`amphitrite.surveys.calnet.interpret.refinement`,
   `amphitrite.surveys.calnet.interpret.sectors`).

Two equal eclipses half an orbit apart cannot be distinguished from one; the result is
then half the period, unless the profile is sinusoidal.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from amphitrite.surveys.calnet.interpret import aliases, boxes, doubling
from amphitrite.surveys.calnet.interpret.folding import depth, minimum, n_bins, profile
from amphitrite.surveys.calnet.interpret.refinement import coarse, refine
from amphitrite.surveys.calnet.interpret.sectors import extend, searched
from amphitrite.surveys.calnet.prepare.periodogram import (
    false_alarm_probability,
    frequencies,
    power,
)

Floats = NDArray[np.float64]

_SEED_DAYS: Final = 0.08
FEW_CYCLES: Final = "few_cycles"
UNCONNECTED: Final = "unconnected"
NEGATIVE_FLUX: Final = "negative_flux"
FLAGS: Final = (
    *(doubling.ODD_EVEN, doubling.SINUSOID),
    *(FEW_CYCLES, UNCONNECTED, NEGATIVE_FLUX),
)
"""The flags of periods; `amphitrite.surveys.calnet.catalogue.FLAGS` explains them."""


@dataclass(frozen=True)
class Peak:
    """The highest peak of a periodogram.

    Parameters
    ----------
    period : float
        Its period in days; NaN if no period can be searched.
    power : float
        Its power, 0 to 1.
    fap : float
        Its false-alarm probability in white noise.
    """

    period: float
    power: float
    fap: float


@dataclass(frozen=True)
class Ephemeris:
    """The ephemeris of an eclipsing binary.

    Parameters
    ----------
    period, period_err : float
        Orbital period and its standard error in days.
    epoch : float
        Time of a primary minimum near the middle of the light curve, in its system.
    depth : float
        Depth of the primary minimum as a fraction of the flux outside eclipses; NaN if
        the flux in the minimum is below zero, since no eclipse is that deep.
    peak : Peak
        The highest peak of the periodogram.
    bls_period : float
        Period of the best repeated box in days; NaN if none was searched.
    flags : tuple of str
        See `amphitrite.surveys.calnet.catalogue.FLAGS`.
    """

    period: float
    period_err: float
    epoch: float
    depth: float
    peak: Peak
    bls_period: float
    flags: tuple[str, ...]

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Return the ephemeris as arrays, for the journal."""
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
        """Return the ephemeris that `to_arrays` stored."""
        period, error, epoch, depth, *of_peak, box = arrays["numbers"].tolist()
        flags = tuple(str(flag) for flag in arrays["flags"])
        return cls(period, error, epoch, depth, Peak(*of_peak), box, flags)


def peak(time: Floats, flux: Floats) -> Peak:
    """Return the highest peak of the periodogram between 0.08 d and half of the span.

    Parameters
    ----------
    time, flux : (n,) ndarray of float64
        Increasing times in days, and flux in any unit.  Of many sectors, only those
        that `amphitrite.surveys.calnet.interpret.sectors.searched` selects are used.
    """
    inside = searched(time)
    time, flux = time[inside], flux[inside]
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
    """Return the ephemeris of an eclipsing binary.

    Parameters
    ----------
    time : (n,) ndarray of float64
        Times in days, increasing, of one sector or many.
    flux : (n,) ndarray of float64
        Flux relative to the median, without flares; see
        `amphitrite.surveys.calnet.interpret.folding.join`.

    Returns
    -------
    Ephemeris
        With a period between 0.1 d and nearly the length of the longest stretch without
        a gap of ten days, of which at most 56 d are searched; two eclipses suffice.
        Other sectors make the period more precise, as long as the number of cycles in
        between is certain.
    """
    inside = searched(time)
    t, y = time[inside], flux[inside]
    highest = peak(t, y)
    means = coarse(t, y)
    flat = boxes.flatten(*means)
    span = float(t[-1] - t[0])
    longest = aliases.LONGEST * span
    bls_period = boxes.search(means[0], flat, longest=longest)
    seeds = aliases.seeds(highest.period, bls_period, span=span)
    near = aliases.choose(means[0], [means[1], flat], seeds)
    period, _ = refine(t, y, near)
    flags = []
    if 2 * period <= longest and (why := doubling.reason(t, y, period)):
        period *= 2
        flags.append(why)
    period, error = refine(t, y, period)
    period, error, reached = extend(time, flux, inside, period, error)
    if not reached.all():
        flags.append(UNCONNECTED)
    if time[reached][-1] - time[reached][0] < 3 * period:
        flags.append(FEW_CYCLES)
    # Minima are measured only in sectors whose phases are certain.
    t, y = time[reached], flux[reached]
    epoch = minimum(t, y, period=period)
    folded = profile(t, y, period=period, bins=n_bins(period), epoch=epoch)
    deepest = depth(folded)
    if deepest > 1:
        deepest = np.nan
        flags.append(NEGATIVE_FLUX)
    return Ephemeris(
        *(period, error, epoch, deepest, highest, bls_period, tuple(flags))
    )
