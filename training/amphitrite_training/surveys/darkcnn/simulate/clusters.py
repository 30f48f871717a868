"""Maps of simulated clusters, made in chunks and kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Final

import numpy as np
from numpy.typing import NDArray

from amphitrite.surveys.darkcnn.page import CROSS_SECTIONS
from amphitrite_training.fitting.chunks import (
    cached,
    joined,
    loaded,
    pieces,
    row,
    write_records,
)
from amphitrite_training.surveys.darkcnn.simulate.maps import maps
from amphitrite_training.surveys.darkcnn.simulate.population import (
    Population,
    draw,
    random_cross_sections,
)

if TYPE_CHECKING:
    from amphitrite_training.surveys.darkcnn.observing import View

_UNITS: Final = np.array([1e8, 1e-15, 1e6])[:, None, None]


@dataclass(frozen=True)
class Chunk:
    """Some clusters; see `amphitrite_training.fitting.chunks.Chunk`.

    Parameters
    ----------
    first, n : int
        The first id, and how many there are.
    cross_sections : tuple of float
        In cm2/g, of every id.
    n_random : int
        How many random cross-sections every id has after these.
    population : Population
        From which they are drawn.
    """

    first: int
    n: int
    cross_sections: tuple[float, ...] = CROSS_SECTIONS
    n_random: int = 0
    population: Population = field(default_factory=Population)
    KEPT_AS: ClassVar[str] = "clusters/darkcnn"
    CONTENTS: ClassVar[str] = "simulated clusters"
    ROOM: ClassVar[str] = "60 kB for each cluster"
    VERSION: ClassVar[int] = 3

    def write(self, folder: Path) -> None:
        """Write logarithms of the maps into an existing folder, in half precision."""
        kept, truths = self.made()
        np.save(folder / "maps.npy", kept)
        write_records(folder / "truth.npz", truths)

    def made(self) -> tuple[NDArray[np.float16], list[dict[str, Any]]]:
        """Return logarithms of the maps, in half precision, and what is true."""
        kept, truths = [], []
        for number in range(self.first, self.first + self.n):
            values = [
                *self.cross_sections,
                *random_cross_sections(number, self.n_random),
            ]
            for truth, three in maps(draw(number, self.population), values):
                kept.append(np.log10(three / _UNITS).astype(np.float16))
                truths.append(asdict(truth))
        return np.stack(kept), truths


@dataclass(frozen=True)
class Clusters:
    """Maps in chunks that are read when they are asked for.

    Parameters
    ----------
    chunks : sequence of ndarray
        (n_chunk, 3, ny, nx) float16: log10 of the maps.
    truth : dict of (n,) ndarray
        What is true of every cluster, by the names of `maps.Truth`; those of one id
        follow each other.
    """

    chunks: Sequence[NDArray[np.float16]]
    truth: dict[str, NDArray[np.generic]]

    def __len__(self) -> int:
        return len(self.truth["number"])

    def possible(self, place: int, view: View) -> View:
        """Return the view itself: a simulated cluster can be seen in any way."""
        return view

    def __getitem__(self, place: int) -> NDArray[np.float32]:
        """Return the maps of a cluster, as `maps.maps` does, to 0.2 %.

        Raises
        ------
        IndexError
            There are fewer clusters.
        """
        if not 0 <= place < len(self):
            raise IndexError(f"cluster {place} of {len(self)}")
        kept = row(self.chunks, place)
        return (10 ** kept.astype(np.float64) * _UNITS).astype(np.float32)


def clusters(
    first: int,
    n: int,
    cross_sections: tuple[float, ...] = CROSS_SECTIONS,
    n_random: int = 0,
    population: Population | None = None,
) -> Clusters:
    """Return simulated clusters, made or read from the cache.

    Parameters
    ----------
    first, n : int
        The first id, and how many ids; each has all cross-sections, so that a split by
        id is a split by `first`.
    cross_sections : tuple of float
        In cm2/g, of every id.
    n_random : int
        How many random cross-sections every id has after these.
    population : Population, optional
        From which they are drawn.

    Raises
    ------
    BadInput
        A file of the cache is damaged.
    OutputError
        The cache folder cannot be written to.
    """
    return of_chunks(
        [
            Chunk(
                begin,
                size,
                cross_sections,
                n_random,
                population or Population(),
            )
            for begin, size in pieces(first, n)
        ]
    )


def of_chunks(chunks: Sequence[Chunk]) -> Clusters:
    """Return the simulated clusters of some chunks; see `clusters`."""
    folders = cached(chunks)
    return Clusters(
        [loaded(folder / "maps.npy", "clusters") for folder in folders],
        joined(folders, "truth.npz", "clusters"),
    )


def passing(chunk: Chunk) -> Clusters:
    """Return the clusters of a chunk, made in memory and not kept in the cache."""
    kept, truths = chunk.made()
    truth = {key: np.array([each[key] for each in truths]) for key in truths[0]}
    return Clusters([kept], truth)
