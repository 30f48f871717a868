"""What the segments and files of one star say together.

A star is as likely an eclipsing binary as its likeliest segment.  That is the rule of
CALNet (arXiv:2504.15875), which takes a star once any of its segments scores high: in
a long orbit most segments hold no eclipse and rightly score low, so that a mean would
lose the star.  The more segments a star has, the likelier one of them scores high by
mistake: ``n_positive`` of ``n_segments`` tells how many agree.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from amphitrite.surveys.calnet.interpret.periods import Peak

_NUMBERS: Final = ("tic", "sector", "ra", "dec", "tmag")
IDENTITY: Final = ("star", *_NUMBERS, "checksum")
"""The fields that a `Scored` shares with its light curve."""


@dataclass(frozen=True)
class Scored:
    """One file of a star, after the server's answer.

    Parameters
    ----------
    path : Path
        The file.
    star : str
        See `amphitrite.surveys.calnet.prepare.light_curves.LightCurve`, as of the next
        five.
    tic, sector : int
        Numbers of star and sector.
    ra, dec : float
        Position (ICRS), deg.
    tmag : float
        Magnitude.
    checksum : str
        SHA-256 of the file.
    peak : Peak
        The highest peak of the file's periodogram.
    p_eb : (n,) ndarray of float32
        Probability of each segment.
    start : (n,) ndarray of float64
        First time of each segment, BTJD.
    """

    path: Path
    star: str
    tic: int
    sector: int
    ra: float
    dec: float
    tmag: float
    checksum: str
    peak: Peak
    p_eb: NDArray[np.float32]
    start: NDArray[np.float64]

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Return what a journal keeps."""
        return {
            "text": np.array([self.star, self.checksum]),
            "numbers": np.array([float(getattr(self, name)) for name in _NUMBERS]),
            "peak": np.array([self.peak.period, self.peak.power, self.peak.fap]),
            "p_eb": self.p_eb,
            "start": self.start,
        }

    @classmethod
    def from_arrays(cls, path: Path, arrays: Mapping[str, NDArray[Any]]) -> Scored:
        """Read it back."""
        star, checksum = (str(text) for text in arrays["text"])
        tic, sector, ra, dec, tmag = arrays["numbers"].tolist()
        return cls(
            *(path, star, int(tic), int(sector), ra, dec, tmag, checksum),
            peak=Peak(*arrays["peak"].tolist()),
            p_eb=arrays["p_eb"],
            start=arrays["start"],
        )


@dataclass(frozen=True)
class Star:
    """All files of one star, in the order of time, each sector once.

    Parameters
    ----------
    files : tuple of Scored
        At least one.
    repeated : bool
        Whether further files of the same sectors were left out.
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
        """The highest probability of a segment."""
        return float(self.scores.max())

    @property
    def sectors(self) -> str:
        """Its sectors, joined by commas."""
        return ",".join(str(file.sector) for file in self.files)

    @property
    def peak(self) -> Peak:
        """The highest peak of the periodograms of its sectors."""
        return max((file.peak for file in self.files), key=lambda peak: peak.power)


def group(files: Iterable[Scored]) -> list[Star]:
    """Bring the files of each star together.

    Parameters
    ----------
    files : iterable of Scored
        In any order.  Of several files of one sector that with the most segments
        counts, of equals the one whose name comes first.

    Returns
    -------
    list of Star
        By catalogue and number.
    """
    stars: dict[str, dict[int, list[Scored]]] = {}
    for file in files:
        stars.setdefault(file.star, {}).setdefault(file.sector, []).append(file)
    result = []
    for sectors in stars.values():
        chosen = [
            min(same, key=lambda file: (-len(file.p_eb), str(file.path)))
            for same in sectors.values()
        ]
        result.append(
            Star(
                tuple(sorted(chosen, key=lambda file: float(file.start[0]))),
                repeated=any(len(same) > 1 for same in sectors.values()),
            )
        )
    return sorted(result, key=_order)


def _order(star: Star) -> tuple[str, int]:
    catalogue, number = star.name.split()
    return catalogue, int(number)
