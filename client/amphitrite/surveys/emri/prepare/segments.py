"""Segments: pieces of whitened strain that the network judges, one after the other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from amphitrite.surveys.emri.prepare.strain import Stretch
from amphitrite.surveys.emri.prepare.whitening import Noise, whiten
from amphitrite.surveys.emri.sampling import CHANNELS, N_SAMPLES, SAMPLE_SECONDS

AROUND_GAP: Final = 8
"""Samples beside a gap that are led to zero with it."""


@dataclass(frozen=True)
class Segment:
    """A piece of whitened strain.

    Parameters
    ----------
    strain : (2, `N_SAMPLES`) ndarray of float32
        Whitened strain; a view where possible.
    start : float
        Time of the first sample in seconds since the stream's zero point.
    missing : float
        Share of its samples that are missing, 0 to 1.
    """

    strain: NDArray[np.float32]
    start: float
    missing: float


def whitened(stretch: Stretch, noise: Noise | None) -> NDArray[np.float32]:
    """Return the whitened strain of a stretch, zero where samples are missing.

    Parameters
    ----------
    stretch : Stretch
        The stretch.
    noise : callable or None
        The noise curve; None if the strain is whitened already.

    Returns
    -------
    (2, n) ndarray of float32
    """
    result = np.empty(stretch.values.shape, np.float32)
    for channel in range(len(CHANNELS)):  # one after the other, to save memory
        row = stretch.values[channel]
        result[channel] = row if noise is None else whiten(row, noise)
    if stretch.missing.any():
        result *= window(stretch.missing)
    return result


def window(missing: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Return weights that are 0 where samples are missing and rise to 1 beside.

    Parameters
    ----------
    missing : (n,) ndarray of bool

    Returns
    -------
    (n,) ndarray of float32
        0 in gaps, and a cosine over `AROUND_GAP` samples on both sides.
    """
    places = np.arange(len(missing))
    gaps = np.flatnonzero(missing)
    if not len(gaps):
        return np.ones(len(missing), np.float32)
    after = np.searchsorted(gaps, places)
    right = gaps[np.minimum(after, len(gaps) - 1)]
    left = gaps[np.maximum(after - 1, 0)]
    distance = np.minimum(np.abs(places - left), np.abs(places - right))
    share = np.minimum(distance / AROUND_GAP, 1.0)
    return np.asarray(0.5 - 0.5 * np.cos(np.pi * share), np.float32)


def starts(n: int, overlap: float) -> list[int]:
    """Return the first samples of the segments of a stretch.

    Parameters
    ----------
    n : int
        Samples of the stretch, at least `N_SAMPLES`.
    overlap : float
        Share of a segment that the next one covers too, 0 to below 1.

    Returns
    -------
    list of int
        Even steps of at most (1 - overlap) of a segment, from the first sample to the
        last segment that ends with the stretch.
    """
    spare = n - N_SAMPLES
    step = max(1, round(N_SAMPLES * (1 - overlap)))
    count = -(-spare // step) + 1
    return [round(i * spare / max(1, count - 1)) for i in range(count)]


def segments(
    stretch: Stretch, strain: NDArray[np.float32], firsts: Sequence[int]
) -> list[Segment]:
    """Return segments of a stretch.

    Parameters
    ----------
    stretch : Stretch
        The stretch.
    strain : (2, n) ndarray of float32
        Its whitened strain.
    firsts : sequence of int
        Their first samples.
    """
    return [
        Segment(
            strain[:, first : first + N_SAMPLES],
            stretch.start + first * SAMPLE_SECONDS,
            float(stretch.missing[first : first + N_SAMPLES].mean()),
        )
        for first in firsts
    ]
