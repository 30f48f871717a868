"""The segments of the evaluation: noise, with or without a signal.

They are described first and made where they are needed, in a worker process: the same
description gives the same segments.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from amphitrite.surveys.emri.prepare.whitening import TAPER, ramps
from amphitrite.surveys.emri.sampling import CHANNELS, N_SAMPLES
from amphitrite_training.surveys.emri.data import TEST_SIGNALS
from amphitrite_training.surveys.emri.departures import (
    DEPARTURES,
    RIGHT,
    Departure,
)
from amphitrite_training.surveys.emri.groups import Sources
from amphitrite_training.surveys.emri.simulate.signals import add, white

BLOCK: Final = N_SAMPLES // 2
"""Samples of a stream of noise that are drawn together."""
# Places of noise among all random numbers, of which signals have the place 0; that of
# noise with signals is 100 times their group, and more.
NOISE, STREAM, MISJUDGED, MISJUDGED_SIGNALS = 1, 2, 3, 4
_RAMPS: Final = ramps(N_SAMPLES, TAPER).astype(np.float32)


@dataclass(frozen=True)
class Made:
    """Some segments.

    Parameters
    ----------
    strain : (n, 2, `N_SAMPLES`) ndarray of float32
        Whitened strain.
    ratios : (n,) ndarray of float64
        Signal-to-noise ratios of their signals; 0 for noise alone.
    """

    strain: NDArray[np.float32]
    ratios: NDArray[np.float64]


class Batch(Protocol):
    """The description of some segments, which can be sent to another process."""

    n: int
    """How many segments."""

    def made(self) -> Made:
        """Return the segments."""


@dataclass(frozen=True)
class Noise:
    """Segments of noise alone.

    Every other one is tapered, as one that was whitened by itself.

    Parameters
    ----------
    part : int
        Its place among all random numbers of the evaluation.
    first, n : int
        Number of the first segment of the part, and how many there are.
    departure : Departure
        How the noise differs from what it is taken for.
    """

    part: int
    first: int
    n: int
    departure: Departure = DEPARTURES[RIGHT]

    def made(self) -> Made:
        """Return the segments."""
        return Made(self.strain(), np.zeros(self.n))

    def strain(self) -> NDArray[np.float32]:
        """Return their (n, 2, `N_SAMPLES`) strain."""
        numbers = range(self.first, self.first + self.n)
        return np.stack([self._segment(number) for number in numbers])

    def _segment(self, number: int) -> NDArray[np.float32]:
        rng = np.random.default_rng([TEST_SIGNALS, self.part, number])
        noise = self.departure.applied(white(rng, ramped=False), rng)
        return noise if number % 2 else noise * _RAMPS


@dataclass(frozen=True)
class Stored:
    """Noise with signals that are at hand.

    Parameters
    ----------
    noise : Noise
        The noise.
    signals : (n, 2, `N_SAMPLES`) ndarray of float16
        Whitened signals of root mean square 1.
    ratios : (n,) ndarray of float64
        The signal-to-noise ratios that they get.
    """

    noise: Noise
    signals: NDArray[np.floating]
    ratios: NDArray[np.float64]

    @property
    def n(self) -> int:
        """How many segments."""
        return self.noise.n

    def made(self) -> Made:
        """Return the segments."""
        strain = self.noise.strain()
        for row, (signal, ratio) in enumerate(
            zip(self.signals, self.ratios, strict=True)
        ):
            strain[row] = add(strain[row], signal.astype(np.float32), float(ratio))
        return Made(strain, self.ratios)


@dataclass(frozen=True)
class Seen:
    """Noise with signals of sources at their own distance, which are drawn here.

    Parameters
    ----------
    noise : Noise
        The noise.
    sources : Sources
        From which the signals are drawn.
    seed : int
        Seed of the signal of the segment of number 0.
    """

    noise: Noise
    sources: Sources
    seed: int

    @property
    def n(self) -> int:
        """How many segments."""
        return self.noise.n

    def made(self) -> Made:
        """Return the segments."""
        strain = self.noise.strain()
        ratios = np.empty(self.n)
        for row in range(self.n):
            seed = self.seed + self.noise.first + row
            signal, ratios[row] = self.sources.signal(np.random.default_rng(seed))
            strain[row] = add(strain[row], signal, float(ratios[row]))
        return Made(strain, ratios)


@dataclass(frozen=True)
class Cut:
    """Segments that are cut from one long stream of white noise, and may overlap.

    Parameters
    ----------
    firsts : tuple of int
        Numbers of their first samples, rising.
    """

    firsts: tuple[int, ...]

    @property
    def n(self) -> int:
        """How many segments."""
        return len(self.firsts)

    def made(self) -> Made:
        """Return the segments."""
        block, end = self.firsts[0] // BLOCK, self.firsts[-1] + N_SAMPLES
        stretch = np.concatenate(
            [_block(number) for number in range(block, -(-end // BLOCK))], axis=1
        )
        begins = [first - block * BLOCK for first in self.firsts]
        strain = np.stack([stretch[:, begin : begin + N_SAMPLES] for begin in begins])
        return Made(strain, np.zeros(self.n))


def _block(number: int) -> NDArray[np.float32]:
    """Return a (2, `BLOCK`) piece of the stream."""
    rng = np.random.default_rng([TEST_SIGNALS, STREAM, number])
    return rng.standard_normal((len(CHANNELS), BLOCK), dtype=np.float32)


def pieces(n: int, rows: int) -> Iterator[tuple[int, int]]:
    """Yield the first number and the length of each piece of n, `rows` at most."""
    for first in range(0, n, rows):
        yield first, min(rows, n - first)
