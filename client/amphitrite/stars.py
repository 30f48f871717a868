"""What the segments and files of one star say together.

A star is as likely an eclipsing binary as its likeliest segment.  That is the rule of
CALNet (arXiv:2504.15875), which takes a star once any of its segments scores high: in
a long orbit most segments hold no eclipse and rightly score low, so that a mean would
lose the star.  The more segments a star has, the likelier one of them scores high by
mistake: ``n_positive`` of ``n_segments`` tells how many agree.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from amphitrite.errors import BadInput
from amphitrite.light_curves import LightCurve, read
from amphitrite.periods import Peak
from amphitrite.segments import (
    LEAST_POINTS,
    Segment,
    segments,
    split,
)

_NUMBERS: Final = ("tic", "sector", "ra", "dec", "tmag")
IDENTITY: Final = ("star", *_NUMBERS, "checksum")
"""What a `Scored` has in common with its `amphitrite.light_curves.LightCurve`."""


@dataclass(frozen=True)
class Scored:
    """One file of a star, after the server's answer.

    Parameters
    ----------
    path : Path
        The file.
    star : str
        See `amphitrite.light_curves.LightCurve`, as of the next five.
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


def usable_segments(
    path: Path, *, interpolation: str
) -> tuple[LightCurve, list[Segment]]:
    """Read a file and prepare its segments.

    Parameters
    ----------
    path : Path
        A light curve file.
    interpolation : {"pchip", "spline"}
        See `amphitrite.segments.segments`.

    Raises
    ------
    BadInput
        The file cannot be used; see `amphitrite.light_curves.read` and
        `amphitrite.segments.segments`.  Or none of its segments can.
    """
    light_curve = read(path)
    try:
        found = segments(
            light_curve.time, light_curve.flux, interpolation=interpolation
        )
    except BadInput as error:
        raise BadInput(f"{path}: {error}") from error
    if not found:
        longest = max(part.stop - part.start for part in split(light_curve.time))
        reason = (
            "its flux is constant"
            if longest >= LEAST_POINTS
            else f"a stretch between gaps needs {LEAST_POINTS} good points, and the "
            f"longest has {longest}"
        )
        raise BadInput(f"{path} has no usable segment: {reason}; leave it out")
    if any(np.median(segment.flux) <= 0 for segment in found):
        raise BadInput(
            f"{path} has a median flux below zero (its background was overestimated), "
            "so that no relative flux can be formed; leave it out"
        )
    return light_curve, found


def together(files: Sequence[Scored], *, interpolation: str) -> list[Segment]:
    """Read the files of one star again and return their segments.

    Parameters
    ----------
    files : sequence of Scored
        Files of different sectors in the order of time.
    interpolation : {"pchip", "spline"}
        See `amphitrite.segments.segments`.

    Returns
    -------
    list of Segment
        In the order of time; one that begins before the last ended is left out.

    Raises
    ------
    BadInput
        A file cannot be read any more, or has another content than was judged.
    """
    result: list[Segment] = []
    for file in files:
        light_curve, found = usable_segments(file.path, interpolation=interpolation)
        if light_curve.checksum != file.checksum:
            raise BadInput(
                f"{file.path} has another content than was judged (SHA-256 "
                f"{light_curve.checksum[:12]}..., not {file.checksum[:12]}...)"
            )
        for segment in found:
            if not result or segment.time[0] > result[-1].time[-1]:
                result.append(segment)
    return result
