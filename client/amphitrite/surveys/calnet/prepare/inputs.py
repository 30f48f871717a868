"""Segments for the network from light curve files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final, Protocol

import numpy as np

from amphitrite.errors import BadInput
from amphitrite.surveys.calnet.page import LEAST_POINTS
from amphitrite.surveys.calnet.prepare.light_curves import LightCurve, read
from amphitrite.surveys.calnet.prepare.segments import Segment, segments, split

_CENTRED: Final = 0.5  # of the median absolute deviation


class Known(Protocol):
    """A file that was read before."""

    @property
    def path(self) -> Path:
        """The file."""

    @property
    def checksum(self) -> str:
        """SHA-256 of its contents at that time."""


def usable_segments(
    path: Path, *, interpolation: str
) -> tuple[LightCurve, list[Segment]]:
    """Return the light curve in a file, and its segments.

    Parameters
    ----------
    path : Path
        A light curve file.
    interpolation : {"pchip", "spline"}
        See `amphitrite.surveys.calnet.prepare.segments.segments`.

    Returns
    -------
    light_curve : LightCurve
        The light curve.
    segments : list of Segment
        At least one, in the order of time, with positive median fluxes.

    Raises
    ------
    BadInput
        The file cannot be used (see
        `amphitrite.surveys.calnet.prepare.light_curves.read` and
        `amphitrite.surveys.calnet.prepare.segments.segments`), or it has no usable
        segment.
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
    _check_level(light_curve, found, path)
    return light_curve, found


def _check_level(light_curve: LightCurve, found: list[Segment], path: Path) -> None:
    """Refuse a flux whose median is no level of the star."""
    middle = np.median(light_curve.flux)
    scatter = np.median(np.abs(light_curve.flux - middle))
    if abs(middle) <= _CENTRED * scatter:
        raise BadInput(
            f"{path} has a flux that is centred on zero, as relative flux less its "
            "median: add 1 to relative flux, or give the flux itself"
        )
    if any(np.median(segment.flux) <= 0 for segment in found):
        raise BadInput(
            f"{path} has a median flux below zero (its background was overestimated), "
            "so that no relative flux can be formed; leave it out"
        )


def together(files: Sequence[Known], *, interpolation: str) -> list[Segment]:
    """Return the segments of all files of one star, which are read again.

    Parameters
    ----------
    files : sequence of Known
        Files of different times.
    interpolation : {"pchip", "spline"}
        See `amphitrite.surveys.calnet.prepare.segments.segments`.

    Returns
    -------
    list of Segment
        In the order of time; a segment that begins before the previous one ends is left
        out.

    Raises
    ------
    BadInput
        A file cannot be read any more, or has other contents than before.
    """
    every: list[Segment] = []
    for file in files:
        light_curve, found = usable_segments(file.path, interpolation=interpolation)
        if light_curve.checksum != file.checksum:
            raise BadInput(
                f"{file.path} has another content than was judged (SHA-256 "
                f"{light_curve.checksum[:12]}..., not {file.checksum[:12]}...)"
            )
        every += found
    result: list[Segment] = []
    for segment in sorted(every, key=lambda segment: float(segment.time[0])):
        if not result or segment.time[0] > result[-1].time[-1]:
            result.append(segment)
    return result
