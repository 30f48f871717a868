"""Whitened signals, made in chunks and kept: noise and loudness are added when used."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import ClassVar, Final

import numpy as np
from numpy.typing import NDArray

from amphitrite.surveys.emri.prepare.whitening import TAPER, ramps, whiten
from amphitrite.surveys.emri.sampling import CHANNELS, N_SAMPLES
from amphitrite_training.fitting.chunks import (
    cached,
    joined,
    loaded,
    pieces,
    row,
    write_records,
)
from amphitrite_training.surveys.emri.simulate.inspirals import (
    Inspiral,
    Population,
    draw,
)
from amphitrite_training.surveys.emri.simulate.orbits import orbit
from amphitrite_training.surveys.emri.simulate.waveforms import strain

UNIT: Final = 1 / math.sqrt(len(CHANNELS) * N_SAMPLES)
"""Root mean square of a whitened signal whose signal-to-noise ratio is 1."""


def signal(
    rng: np.random.Generator, population: Population | None = None
) -> tuple[Inspiral, NDArray[np.float32]]:
    """Return an inspiral and its whitened signal.

    Inspirals whose orbit was too eccentric or too slow at the beginning of the segment
    are drawn again.

    Returns
    -------
    inspiral : Inspiral
    whitened : (2, `N_SAMPLES`) ndarray of float32
        The signal with a root mean square of 1 over both channels; times `UNIT` it has
        a signal-to-noise ratio of 1 in whitened noise.
    """
    while (path := orbit(inspiral := draw(rng, population))) is None:
        pass
    return inspiral, normalised(whiten(strain(inspiral, path)))


def normalised(whitened: NDArray[np.floating]) -> NDArray[np.float32]:
    """Return a whitened signal of root mean square 1 over both channels."""
    return np.asarray(whitened / np.sqrt(np.mean(whitened**2)), np.float32)


@dataclass(frozen=True)
class Chunk:
    """Some signals; see `amphitrite_training.fitting.chunks.Chunk`.

    Parameters
    ----------
    first, n : int
        Seed of the first signal, and how many there are.
    population : Population
        From which they are drawn.
    """

    first: int
    n: int
    population: Population = field(default_factory=Population)
    KEPT_AS: ClassVar[str] = "inspirals/emri"
    CONTENTS: ClassVar[str] = "simulated inspirals"
    ROOM: ClassVar[str] = "1 MB for each signal"
    VERSION: ClassVar[int] = 1

    def write(self, folder: Path) -> None:
        """Write the signals into an existing folder, in half precision."""
        signals = np.empty((self.n, len(CHANNELS), N_SAMPLES), np.float16)
        inspirals = []
        for place, seed in enumerate(range(self.first, self.first + self.n)):
            inspiral, signals[place] = signal(
                np.random.default_rng(seed), self.population
            )
            inspirals.append(asdict(inspiral))
        np.save(folder / "signals.npy", signals)
        write_records(folder / "inspirals.npz", inspirals)


@dataclass(frozen=True)
class Signals:
    """Whitened signals in chunks that are read when they are asked for.

    Parameters
    ----------
    chunks : sequence of ndarray
        (n_chunk, 2, `N_SAMPLES`) float16, of root mean square 1.
    inspirals : dict of ndarray
        The parameters of all signals, by the names of `Inspiral`.
    """

    chunks: Sequence[NDArray[np.float16]]
    inspirals: dict[str, NDArray[np.float64]]

    def __len__(self) -> int:
        return len(self.inspirals["mass"])

    def __getitem__(self, number: int) -> NDArray[np.float32]:
        """Return the (2, `N_SAMPLES`) signal of a number."""
        return row(self.chunks, number).astype(np.float32)


def signals(first: int, n: int, population: Population | None = None) -> Signals:
    """Return simulated signals, made or read from the cache.

    Parameters
    ----------
    first, n : int
        Seed of the first signal, and how many.
    population : Population, optional
        From which they are drawn.

    Raises
    ------
    BadInput
        A file of the cache is damaged.
    OutputError
        The cache folder cannot be written to.
    """
    folders = cached(
        [
            Chunk(begin, size, population or Population())
            for begin, size in pieces(first, n)
        ]
    )
    return Signals(
        [loaded(folder / "signals.npy", "signals") for folder in folders],
        joined(folders, "inspirals.npz", "signals"),
    )


def add(
    noise: NDArray[np.float32], whitened: NDArray[np.float32], ratio: float
) -> NDArray[np.float32]:
    """Return noise with a signal of some signal-to-noise ratio in it.

    Parameters
    ----------
    noise : (2, `N_SAMPLES`) ndarray of float32
        Whitened noise of variance 1.
    whitened : (2, `N_SAMPLES`) ndarray of float32
        The signal, of root mean square 1.
    ratio : float
        Its optimal signal-to-noise ratio over both channels.
    """
    return noise + np.float32(ratio * UNIT) * whitened


def white(rng: np.random.Generator, *, ramped: bool = True) -> NDArray[np.float32]:
    """Return whitened noise, (2, `N_SAMPLES`) float32.

    Parameters
    ----------
    rng : numpy.random.Generator
    ramped : bool
        Whether the segment was whitened by itself, so that its ends are tapered, or was
        cut from a longer stream.
    """
    noise = rng.standard_normal((len(CHANNELS), N_SAMPLES), dtype=np.float32)
    if ramped:
        noise *= _RAMPS
    return noise


_RAMPS: Final = ramps(N_SAMPLES, TAPER).astype(np.float32)
