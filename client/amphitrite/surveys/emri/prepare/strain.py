"""Strain in two channels at even steps of time, and stretches of it without long gaps.

Samples that are missing are NaN.  Short gaps are bridged by straight lines: whitening
takes, in the band of the inspirals, nearly the second derivative, of which a straight
line has none, so that a gap harms little more than the samples that it lacks; these
are set to zero once whitened.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from amphitrite.errors import BadInput
from amphitrite.surveys.emri.sampling import CHANNELS, SAMPLE_SECONDS, SEGMENT_SECONDS

MOST_MISSING: Final = 2880
"""Samples of the longest gap that is bridged: a day.  Longer ones part a stream."""
_OFF_GRID: Final = 0.01  # of a sample, which rounding of a file's times may cost


@dataclass(frozen=True)
class Strain:
    """Strain of two channels at steps of 30 s.

    Parameters
    ----------
    values : (2, n) ndarray of float64
        Strain of channels I and II; NaN where it is missing.
    start : float
        Time of the first sample in seconds since the zero point.
    zero : str
        The zero point of the times in ISO 8601, with its scale, such as
        ``"1980-01-06T00:00:19 TAI"``; empty if it is not known.
    name : str
        Where it comes from, for messages.
    together : int
        Samples of the file that make one.
    """

    values: NDArray[np.float64]
    start: float
    zero: str
    name: str
    together: int = 1

    @property
    def n(self) -> int:
        """Number of samples."""
        return int(self.values.shape[1])

    @property
    def end(self) -> float:
        """Time after the last sample in seconds since the zero point."""
        return self.start + self.n * SAMPLE_SECONDS


@dataclass(frozen=True)
class Stretch:
    """A part of a stream without long gaps.

    Parameters
    ----------
    values : (2, n) ndarray of float64
        Strain, bridged where it is missing; else a view of the stream's.
    missing : (n,) ndarray of bool
        Where a channel is missing.
    start : float
        Time of the first sample in seconds since the zero point.
    """

    values: NDArray[np.float64]
    missing: NDArray[np.bool_]
    start: float


def join(parts: Sequence[Strain]) -> Strain:
    """Return the strain of several files as one stream.

    Parameters
    ----------
    parts : sequence of Strain
        In any order; samples between them are missing.

    Raises
    ------
    BadInput
        Two parts overlap, have different zero points, or are not on one grid of time.
    """
    ordered = sorted(parts, key=lambda part: part.start)
    first = ordered[0]
    if len(parts) == 1:
        return first
    for one, two in pairwise(ordered):
        if one.zero != two.zero:
            raise BadInput(
                f"the times of {one.name} and {two.name} are counted from different "
                f"zero points ({one.zero or 'not stated'} and "
                f"{two.zero or 'not stated'}); search them one after the other"
            )
        if two.start < one.end - _OFF_GRID * SAMPLE_SECONDS:
            raise BadInput(
                f"{one.name} and {two.name} overlap: the one ends at {one.end:.10g} s, "
                f"the other begins at {two.start:.10g} s; leave one of them out, or "
                "say with their start times where they belong"
            )
    places = [_place(part, first) for part in ordered]
    n = places[-1] + ordered[-1].n
    values = np.full((len(CHANNELS), n), np.nan)
    for place, part in zip(places, ordered, strict=True):
        values[:, place : place + part.n] = part.values
    return replace(first, values=values)


def _place(part: Strain, first: Strain) -> int:
    """Return the number of a part's first sample on the grid of the first part."""
    steps = (part.start - first.start) / SAMPLE_SECONDS
    if abs(steps - round(steps)) > _OFF_GRID:
        raise BadInput(
            f"{part.name} begins {part.start - first.start:.10g} s after {first.name}, "
            f"which is no multiple of {SAMPLE_SECONDS:g} s, the time between two "
            "samples; resample it to the times of the other"
        )
    return round(steps)


def stretches(strain: Strain) -> list[Stretch]:
    """Return the parts of a stream between its long gaps.

    Parameters
    ----------
    strain : Strain
        The stream.

    Returns
    -------
    list of Stretch
        Those that are at least a segment long, in the order of time.

    Raises
    ------
    BadInput
        No part is as long as a segment.
    """
    missing = np.asarray(~np.isfinite(strain.values).all(axis=0), bool)
    found = []
    longest = 0
    for first, last in _between_long_gaps(missing):
        longest = max(longest, last - first)
        if (last - first) * SAMPLE_SECONDS < SEGMENT_SECONDS:
            continue
        inside = slice(first, last)
        found.append(
            Stretch(
                _bridged(strain.values[:, inside], missing[inside]),
                missing[inside],
                strain.start + first * SAMPLE_SECONDS,
            )
        )
    if not found:
        raise BadInput(
            f"{strain.name} has no stretch of {SEGMENT_SECONDS / 86_400:.2f} d, the "
            "length of a segment, without a gap of more than "
            f"{MOST_MISSING * SAMPLE_SECONDS / 86_400:g} d; the longest has "
            f"{longest * SAMPLE_SECONDS / 86_400:.2f} d"
        )
    return found


def _between_long_gaps(missing: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Return first and last samples, the latter exclusive, of parts without them."""
    there = np.flatnonzero(~missing)
    if not len(there):
        return []
    breaks = np.flatnonzero(np.diff(there) > MOST_MISSING + 1)
    firsts = there[np.concatenate([[0], breaks + 1])]
    lasts = there[np.concatenate([breaks, [len(there) - 1]])]
    return [(int(a), int(b) + 1) for a, b in zip(firsts, lasts, strict=True)]


def _bridged(
    values: NDArray[np.float64], missing: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """Return values with straight lines over what is missing."""
    if not missing.any():
        return values
    there = np.flatnonzero(~missing)
    everywhere = np.arange(len(missing))
    return np.stack([np.interp(everywhere, there, row[there]) for row in values])
