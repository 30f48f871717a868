"""Noise and systematics of TESS light curves: photon noise, jitter, ramps, excursions.

The photon noise is the mission's own estimate.  The other amplitudes are random over
decades, to cover those that the data release notes show sector by sector
(https://archive.stsci.edu/tess/tess_drn.html); they are not fitted to any star.
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter

from amphitrite_training.surveys.calnet.simulate.sector import CADENCE_DAYS, Cadences

Floats = NDArray[np.float64]

ZERO_POINT: Final = 20.44
# ln of the noise of one hour in ppm, as a polynomial of the TESS magnitude: Stassun et
# al. 2018, AJ 156, 102, doi:10.3847/1538-3881/aad050.
_NOISE: Final = (
    3.29685004771, 0.8500214657, -0.2850416324,
    0.039590832137, -0.00223080159, 4.73508403525e-5,
)  # fmt: skip
_BRIGHTEST: Final = 4.978
_CADENCES_PER_HOUR: Final = 30
_COARSE: Final = 15  # cadences in a step of slow noise


def photon_noise(tmag: float) -> float:
    """Return the noise of one two-minute cadence relative to the flux.

    Parameters
    ----------
    tmag : float
        TESS magnitude; brighter than 4.978 the noise is that of 4.978.

    Examples
    --------
    >>> round(1e6 * photon_noise(10.0))  # ppm
    1109
    """
    tmag = max(tmag, _BRIGHTEST)
    hourly = math.exp(sum(c * tmag**power for power, c in enumerate(_NOISE)))
    return math.sqrt(_CADENCES_PER_HOUR) * hourly * 1e-6


def electrons(tmag: float) -> float:
    """Return the flux of a star of a TESS magnitude in electrons per second.

    Magnitude 20.44 gives one electron per second (TESS Instrument Handbook v0.1,
    Vanderspek et al. 2018).
    """
    return float(10 ** (0.4 * (ZERO_POINT - tmag)))


def red_noise(
    rng: np.random.Generator, time: Floats, *, days: float, amplitude: float
) -> Floats:
    """Return a random Ornstein-Uhlenbeck process.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of the random numbers.
    time : (n,) ndarray
        Increasing times in days.
    days : float
        Correlation time in days.
    amplitude : float
        Standard deviation.

    Returns
    -------
    (n,) ndarray
        Values, linearly interpolated between steps of an eighth of the correlation time
        or of half an hour, whichever is shorter.
    """
    step = min(CADENCE_DAYS * _COARSE, days / 8)
    grid = np.arange(0, time[-1] - time[0] + 2 * step, step)
    keep = math.exp(-step / days)
    kicks = rng.standard_normal(len(grid))
    kicks[0] /= math.sqrt(1 - keep**2)  # in equilibrium from the start
    process = lfilter([math.sqrt(1 - keep**2)], [1, -keep], kicks)
    return np.asarray(amplitude * np.interp(time - time[0], grid, process))


def measure(
    rng: np.random.Generator, cadences: Cadences, *, sigma: float, roughness: float
) -> Floats:
    """Return random noise and systematics to add to the relative flux.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of the random numbers.
    cadences : Cadences
        The cadences of the sector.
    sigma : float
        Photon noise of a cadence relative to the flux.
    roughness : float
        Factor on the slow systematics: 1 is usual, more is a badly corrected star.

    Returns
    -------
    (n,) ndarray
        Noise relative to the flux.
    """
    noise = white(rng, cadences, sigma=sigma)
    return np.asarray(noise + roughness * drifts(rng, cadences, sigma=sigma))


def white(rng: np.random.Generator, cadences: Cadences, *, sigma: float) -> Floats:
    """Return random fast noise: photons, jitter, momentum dumps and outliers.

    Parameters
    ----------
    rng, cadences, sigma
        See `measure`.

    Returns
    -------
    (n,) ndarray
        Relative flux.
    """
    time = cadences.time
    n = len(time)
    noise = sigma * rng.standard_normal(n)
    for low, high, most in ((-4.5, -2.6, 6), (-4.5, -3.2, 10)):
        wild = rng.random(n) < 10 ** rng.uniform(low, high)
        noise[wild] *= rng.uniform(2, most)
    if rng.random() < 0.3:  # an episode of worse pointing
        begin = rng.integers(0, n)
        noise[begin : begin + rng.integers(50, 1500)] *= rng.uniform(1.3, 3)
    if rng.random() < 0.25:
        noise += _jitter(rng, time, sigma)
    if rng.random() < 0.6:
        noise += _around_dumps(rng, cadences, sigma)
    if rng.random() < 0.25:  # stray low points
        noise[rng.integers(0, n, rng.integers(1, 6))] -= sigma * rng.uniform(5, 25)
    return noise


def _jitter(rng: np.random.Generator, time: Floats, sigma: float) -> Floats:
    """Return clumps of partly correlated noise, like those of coarse pointing.

    Sector 1 has such noise from TJD 1347 to 1349 (TESS data release notes 1, DR1).
    """
    centre, width = rng.uniform(time[0], time[-1]), 10 ** rng.uniform(-0.6, 0.3)
    near = np.abs(time - centre) < 2.5 * width
    if near.sum() < 2:
        return np.zeros_like(time)
    span = time[near]
    clumps = np.abs(red_noise(rng, span, days=0.05, amplitude=1.0))
    envelope = np.exp(-0.5 * ((span - centre) / width) ** 4)
    envelope *= clumps ** rng.uniform(0.5, 2)
    shaken = rng.uniform(0.3, 1) * rng.standard_normal(len(span))
    shaken += red_noise(
        rng, span, days=10 ** rng.uniform(-2.3, -1.3), amplitude=rng.uniform(0, 1)
    )
    noise = np.zeros_like(time)
    noise[near] = sigma * 10 ** rng.uniform(0.2, 1.2) * envelope * shaken
    return noise


def _around_dumps(rng: np.random.Generator, cadences: Cadences, sigma: float) -> Floats:
    """Return excursions of a few cadences after the flagged momentum dumps."""
    noise = np.zeros_like(cadences.time)
    height = sigma * 10 ** rng.uniform(0.3, 1.3)
    downwards = rng.choice([0.0, 0.5, 1.0])
    late = rng.uniform(-0.02, 0.02)
    for begin in np.searchsorted(cadences.time, cadences.dumps + late):
        if rng.random() < 0.8:
            some = noise[begin : begin + rng.integers(2, 12)]
            sign = np.where(rng.random(len(some)) < downwards, -1.0, 1.0)
            some += height * np.abs(rng.standard_normal(len(some))) * sign
    return noise


def drifts(rng: np.random.Generator, cadences: Cadences, *, sigma: float) -> Floats:
    """Return random slow systematics that a pipeline leaves: red noise, ramps, dips.

    Parameters
    ----------
    rng, cadences, sigma
        See `measure`.

    Returns
    -------
    (n,) ndarray
        Relative flux.
    """
    time = cadences.time
    edges = [*cadences.starts, time[-1] + CADENCE_DAYS]
    red = 10 ** rng.uniform(-4.5, -3.3) + sigma * 10 ** rng.uniform(-1.7, -0.5)
    total = red_noise(rng, time, days=10 ** rng.uniform(-1, 0.7), amplitude=red)
    size = 10 ** rng.uniform(-4.3, -3.0) + sigma * 10 ** rng.uniform(-1, 0.3)
    for start, stop in pairwise(edges):
        part = slice(*np.searchsorted(time, [start, stop]))
        if part.stop - part.start > 1:
            total[part] += _trend(rng, time[part], size)
    for dump in cadences.dumps:  # a change of the focus that decays
        if rng.random() < 0.15:
            after = np.maximum(time - dump, 0)
            decay = np.exp(-after / 10 ** rng.uniform(-1.5, 0.5))
            total += np.where(time > dump, 0.7 * size * rng.normal() * decay, 0)
    if rng.random() < 0.25:  # badly subtracted scattered light, mostly over-subtracted
        centre, width = rng.uniform(time[0], time[-1]), 10 ** rng.uniform(-1.2, -0.3)
        depth = 2 * size * abs(rng.normal()) * rng.choice([1.0, -1.0], p=[0.7, 0.3])
        total -= depth * np.exp(-0.5 * ((time - centre) / width) ** 2)
    return np.asarray(total)


def _trend(rng: np.random.Generator, time: Floats, size: float) -> Floats:
    """Return the thermal ramps at both ends of a stretch of time, and a slope."""
    since, left = time - time[0], time[-1] - time
    total = np.zeros_like(time)
    if rng.random() < 0.5:
        total += size * rng.normal() * np.exp(-since / 10 ** rng.uniform(-1.3, 0.2))
    if rng.random() < 0.4:
        total += 2 * size * rng.normal() * np.exp(-left / 10 ** rng.uniform(-1.5, 0.1))
    if rng.random() < 0.4:
        total += 2 * size * rng.normal() * (since / since[-1] - 0.5)
    return total
