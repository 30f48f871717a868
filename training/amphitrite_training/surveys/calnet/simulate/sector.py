"""The two-minute cadences of one TESS sector, and their quality flags."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntFlag
from typing import Final

import numpy as np
from numpy.typing import NDArray

CADENCE_DAYS: Final = 2 / 1440
# First day of sector 1 in BTJD, and the days between the beginnings of two sectors.
_FIRST: Final = 1325.3
_SECTOR_DAYS: Final = 27.4
# Days between two momentum dumps: 2.5 in sector 1 and longer in later years, according
# to the mission's data release notes.
_DUMP_EVERY: Final = (2.5, 3.1, 4.5, 6.0)


class Quality(IntFlag):
    """Some bits of the QUALITY column of SPOC light curves.

    They are defined in table 28 of the TESS Science Data Products Description Document,
    EXP-TESS-ARC-ICD-0014 (https://archive.stsci.edu/missions/tess/doc/).
    """

    EARTH_POINT = 8
    ARGABRIGHTENING = 16
    DESATURATION = 32
    MANUAL_EXCLUDE = 128
    IMPULSIVE_OUTLIER = 512
    STRAYLIGHT = 4096


@dataclass(frozen=True)
class Cadences:
    """The cadences of one sector.

    Parameters
    ----------
    sector : int
        Number of the sector, 1 to 90.
    time : (n,) ndarray
        Barycentric TESS Julian Date (BJD - 2457000) of every cadence in days.
    quality : (n,) ndarray of int32
        Quality flags; 0 is good.
    dumps : (n_dumps,) ndarray
        Times of momentum dumps in days.
    starts : (n_starts,) ndarray
        Times in days at which observing started, or started again after a gap.
    """

    sector: int
    time: NDArray[np.float64]
    quality: NDArray[np.int32]
    dumps: NDArray[np.float64]
    starts: NDArray[np.float64]

    @property
    def lost(self) -> NDArray[np.bool_]:
        """The cadences without a measurement, whose flux is NaN in the file."""
        return np.asarray((self.quality & Quality.EARTH_POINT) > 0)


def observe(rng: np.random.Generator) -> Cadences:
    """Return the cadences of a random sector.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of the random numbers; the same state gives the same sector.

    Returns
    -------
    Cadences
        Two orbits of 11 to 13.6 days, some of them cut short, with a gap of 1 to 1.5
        days between them.  Some sectors also pause in the middle of each orbit, as real
        ones do since data are transmitted every week.  Momentum dumps, scattered light
        and single bad cadences are flagged.
    """
    sector = int(rng.integers(1, 91))
    start = _FIRST + (sector - 1) * _SECTOR_DAYS + rng.uniform(0, 0.5)
    lengths = [
        rng.uniform(11, 13.6) if rng.random() < 0.85 else rng.uniform(4, 11)
        for _ in range(2)
    ]
    gap = rng.uniform(1.0, 1.5)
    n = int((sum(lengths) + gap) / CADENCE_DAYS)
    time = np.asarray(start + np.arange(n) * CADENCE_DAYS, dtype=np.float64)
    quality = np.zeros(n, np.int32)
    middle = start + lengths[0]
    pauses = [(middle, gap)]
    if rng.random() < 0.3:
        pauses += [
            (begin + rng.uniform(0.35, 0.65) * length, rng.uniform(0.05, 0.3))
            for begin, length in zip((start, middle + gap), lengths, strict=True)
        ]
    for begin, length in pauses:
        within = (time >= begin) & (time < begin + length)
        quality[within] |= Quality.EARTH_POINT | Quality.MANUAL_EXCLUDE
    dumps = _dumps(rng, time, quality)
    _stray_light(rng, quality)
    bad = rng.random(n) < 10 ** rng.uniform(-3.2, -1.7)
    quality[bad] |= Quality.IMPULSIVE_OUTLIER
    starts = np.array([start, *(begin + length for begin, length in pauses)])
    return Cadences(sector, time, quality, dumps, np.sort(starts))


def _dumps(
    rng: np.random.Generator, time: NDArray[np.float64], quality: NDArray[np.int32]
) -> NDArray[np.float64]:
    """Flag random momentum dumps in place, and return their times in days."""
    every = float(rng.choice(_DUMP_EVERY))
    dumps = np.arange(time[0] + rng.uniform(1, min(3, every)), time[-1], every)
    for index in np.searchsorted(time, dumps):
        quality[index : index + rng.integers(2, 6)] |= Quality.DESATURATION
    return np.asarray(dumps)


def _stray_light(rng: np.random.Generator, quality: NDArray[np.int32]) -> None:
    """Flag scattered light of 40 minutes to 18 hours, or brightenings, in place."""
    for _ in range(rng.choice(5, p=[0.46, 0.33, 0.15, 0.05, 0.01])):
        begin = rng.integers(0, len(quality))
        quality[begin : begin + rng.integers(20, 530)] |= Quality.STRAYLIGHT
    if rng.random() < 0.1:
        begin = rng.integers(0, len(quality))
        quality[begin : begin + rng.integers(1, 5)] |= Quality.ARGABRIGHTENING
