"""Segments: pieces of whitened strain that the network judges, one after the other.

They overlap, so they are whitened in blocks of several.  Beside a block's segments lie
samples of the stream that take the cosine ramps of whitening; so what a segment holds
does not depend on where blocks begin, but at the ends of a stretch.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from amphitrite.surveys.emri.prepare.strain import Stretch
from amphitrite.surveys.emri.prepare.whitening import TAPER, Noise, whiten
from amphitrite.surveys.emri.sampling import CHANNELS, N_SAMPLES, SAMPLE_SECONDS

AROUND_GAP: Final = 8
"""Samples beside a gap that are led to zero with it."""
MOST_SAMPLES: Final = 4 * N_SAMPLES
"""Samples of the segments of a block at most: a year, which bounds the memory."""

Curves = Sequence[Noise]
"""The noise curves of channels I and II."""


@dataclass(frozen=True)
class Block:
    """Segments that are whitened together.

    Parameters
    ----------
    stretch : Stretch
        The part of the stream that holds them, and the samples for the ramps.
    firsts : tuple of int
        Their first samples in it.
    """

    stretch: Stretch
    firsts: tuple[int, ...]

    @property
    def starts(self) -> NDArray[np.float64]:
        """Times of the first samples in seconds since the stream's zero point."""
        return self.stretch.start + SAMPLE_SECONDS * np.array(self.firsts, float)

    @property
    def missing(self) -> NDArray[np.float64]:
        """Shares of the segments' samples that are missing, 0 to 1."""
        before = np.concatenate([[0], np.cumsum(self.stretch.missing)])
        firsts = np.array(self.firsts)
        gone = before[firsts + N_SAMPLES] - before[firsts]
        return np.asarray(gone / N_SAMPLES)


def blocks(stretch: Stretch, overlap: float) -> Iterator[Block]:
    """Yield the segments of a stretch in blocks.

    Parameters
    ----------
    stretch : Stretch
        The stretch.
    overlap : float
        See `starts`.
    """
    rest = starts(stretch.values.shape[1], overlap)
    while rest:
        ends = rest[0] + MOST_SAMPLES - N_SAMPLES
        together = [first for first in rest if first <= ends]
        rest = rest[len(together) :]
        yield _block(stretch, together)


def block_at(stretches: Sequence[Stretch], start: float) -> Block:
    """Return the block of the one segment that begins at a time.

    Parameters
    ----------
    stretches : sequence of Stretch
        In the order of time.
    start : float
        Seconds since the stream's zero point.
    """
    stretch = [each for each in stretches if each.start <= start + SAMPLE_SECONDS / 2][
        -1
    ]
    return _block(stretch, [round((start - stretch.start) / SAMPLE_SECONDS)])


def _block(stretch: Stretch, firsts: Sequence[int]) -> Block:
    """Return the block of segments that begin at some samples of a stretch."""
    n = stretch.values.shape[1]
    begin = max(0, firsts[0] - TAPER)
    needed = firsts[-1] + N_SAMPLES + TAPER - begin
    # a few samples more, if there are, make its Fourier transform fast
    part = slice(begin, min(n, begin + fft.next_fast_len(needed, real=True)))
    return Block(
        Stretch(
            stretch.values[:, part],
            stretch.missing[part],
            stretch.start + begin * SAMPLE_SECONDS,
        ),
        tuple(first - begin for first in firsts),
    )


def whitened(stretch: Stretch, curves: Curves | None) -> NDArray[np.float32]:
    """Return the whitened strain of a stretch, zero where samples are missing.

    Parameters
    ----------
    stretch : Stretch
        The stretch.
    curves : Curves or None
        The noise curves; None if the strain is whitened already.

    Returns
    -------
    (2, n) ndarray of float32
    """
    result = np.empty(stretch.values.shape, np.float32)
    for channel in range(len(CHANNELS)):  # one after the other, to save memory
        row = stretch.values[channel]
        result[channel] = row if curves is None else whiten(row, curves[channel])
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
        In steps of one length, at most (1 - overlap) of a segment, from the first
        sample on; the last step may be shorter, so that the last segment ends with the
        stretch.
    """
    spare = n - N_SAMPLES
    longest = max(1, round(N_SAMPLES * (1 - overlap)))
    n_steps = max(1, -(-spare // longest))
    step = max(1, -(-spare // n_steps))
    return [*range(0, spare, step), spare]


def cut(strain: NDArray[np.float32], firsts: Sequence[int]) -> NDArray[np.float32]:
    """Return segments of a block, without copying what they have in common.

    Parameters
    ----------
    strain : (2, n) ndarray of float32
        The whitened strain of the block.
    firsts : sequence of int
        Their first samples.

    Returns
    -------
    (n_segments, 2, `N_SAMPLES`) ndarray of float32
        A read-only view of the strain, if the segments begin at even steps.
    """
    steps = np.diff(firsts)
    step = int(steps[0]) if len(steps) else 1
    if (steps != step).any():
        return np.stack([strain[:, at : at + N_SAMPLES] for at in firsts])
    windows = np.lib.stride_tricks.sliding_window_view(strain, N_SAMPLES, axis=1)
    return windows[:, firsts[0] : firsts[-1] + 1 : step].swapaxes(0, 1)
