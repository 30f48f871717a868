"""The combination of the segments and files of one star.

The probability of a star is that of its most probable segment.  This is the rule of
CALNet (arXiv:2504.15875), which selects a star if any of its segments scores high: with
a long orbit most segments contain no eclipse and rightly score low, so that a mean
would lose the star.  The more segments a star has, the more probably one of them scores
high by mistake; ``n_positive`` of ``n_segments`` is the number that agree.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from amphitrite.surveys.calnet.interpret.periods import Peak

_NUMBERS: Final = ("tic", "ra", "dec", "tmag")
IDENTITY: Final = ("star", *_NUMBERS, "sectors", "checksum", "notes")
"""The fields that a `Scored` shares with its light curve."""


@dataclass(frozen=True)
class Scored:
    """One file of a star, with the network's answers.

    Parameters
    ----------
    path : Path
        The file.
    star, tic, ra, dec, tmag, sectors, checksum, notes
        See `amphitrite.surveys.calnet.prepare.light_curves.LightCurve`.
    peak : Peak
        The highest peak of the file's periodogram.
    p_eb : (n,) ndarray of float32
        Probability of each segment to show an eclipsing binary.
    start, stop : (n,) ndarray of float64
        Times of the first and the last point of each segment, BJD (TDB) - 2457000.
    """

    path: Path
    star: str
    tic: int
    ra: float
    dec: float
    tmag: float
    sectors: tuple[int, ...]
    checksum: str
    notes: tuple[str, ...]
    peak: Peak
    p_eb: NDArray[np.float32]
    start: NDArray[np.float64]
    stop: NDArray[np.float64]

    def overlaps(self, other: Scored) -> bool:
        """Return whether a segment shares some of its time with one of another file."""
        before = self.start[:, None] <= other.stop
        return bool((before & (self.stop[:, None] >= other.start)).any())

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Return all fields but the path as arrays, for the journal."""
        return {
            "text": np.array([self.star, self.checksum]),
            "numbers": np.array([float(getattr(self, name)) for name in _NUMBERS]),
            "sectors": np.array(self.sectors, np.int64),
            "notes": np.array(self.notes, dtype=np.str_),
            "peak": np.array([self.peak.period, self.peak.power, self.peak.fap]),
            "p_eb": self.p_eb,
            "start": self.start,
            "stop": self.stop,
        }

    @classmethod
    def from_arrays(cls, path: Path, arrays: Mapping[str, NDArray[Any]]) -> Scored:
        """Return the file with the fields that `to_arrays` stored."""
        star, checksum = (str(text) for text in arrays["text"])
        tic, ra, dec, tmag = arrays["numbers"].tolist()
        return cls(
            *(path, star, int(tic), ra, dec, tmag),
            sectors=tuple(arrays["sectors"].tolist()),
            checksum=checksum,
            notes=tuple(str(note) for note in arrays["notes"]),
            peak=Peak(*arrays["peak"].tolist()),
            p_eb=arrays["p_eb"],
            start=arrays["start"],
            stop=arrays["stop"],
        )


@dataclass(frozen=True)
class Star:
    """All files of one star in the order of time, of which none overlap.

    Parameters
    ----------
    files : tuple of Scored
        At least one.
    repeated : bool
        Whether further files of the same times are left out.
    """

    files: tuple[Scored, ...]
    repeated: bool

    @property
    def name(self) -> str:
        """The star's name."""
        return self.files[0].star

    @property
    def scores(self) -> NDArray[np.float32]:
        """Probabilities of all segments, in the order of time."""
        return np.concatenate([file.p_eb for file in self.files])

    @property
    def p_eb(self) -> float:
        """The highest probability of any segment."""
        return float(self.scores.max())

    @property
    def sectors(self) -> str:
        """The numbers of its sectors, joined by commas."""
        numbers = {number for file in self.files for number in file.sectors}
        return ",".join(map(str, sorted(numbers)))

    @property
    def peak(self) -> Peak:
        """The highest peak in the periodograms of its sectors."""
        return max((file.peak for file in self.files), key=lambda peak: peak.power)


def group(files: Iterable[Scored]) -> list[Star]:
    """Return the stars to which files belong.

    Parameters
    ----------
    files : iterable of Scored
        Files in any order.  Of files whose times overlap, that with the most segments
        is used; of equal ones, that whose name comes first.

    Returns
    -------
    list of Star
        Sorted by catalogue and number.
    """
    stars: dict[str, list[Scored]] = {}
    for file in files:
        stars.setdefault(file.star, []).append(file)
    result = []
    for every in stars.values():
        chosen: list[Scored] = []
        for file in sorted(every, key=lambda file: (-len(file.p_eb), str(file.path))):
            if not any(file.overlaps(other) for other in chosen):
                chosen.append(file)
        result.append(
            Star(
                tuple(sorted(chosen, key=lambda file: float(file.start[0]))),
                repeated=len(chosen) < len(every),
            )
        )
    return sorted(result, key=_order)


def _order(star: Star) -> tuple[str, int]:
    catalogue, number = star.name.split()
    return catalogue, int(number)
