"""The clusters that files hold, divided into pieces that are read one by one."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

from amphitrite.errors import BadInput
from amphitrite.files import image_hdus
from amphitrite.files.checksums import checksum
from amphitrite.surveys.darkcnn.prepare import inputs
from amphitrite.surveys.darkcnn.prepare.cluster import Source
from amphitrite.surveys.darkcnn.prepare.reading import Reading

logger = logging.getLogger(__name__)

TOGETHER: Final = 64
"""Clusters of a unit: 8 MB of maps, all that is held of a sample of any size."""


@dataclass(frozen=True)
class Piece:
    """Some clusters of a file.

    Parameters
    ----------
    path : Path
        The file.
    number : int
        Its number among all files.
    first, last : int
        Numbers of the first cluster and of the one behind the last.
    """

    path: Path
    number: int
    first: int
    last: int


@dataclass(frozen=True)
class Listing:
    """The clusters that files hold, before they are read.

    Parameters
    ----------
    pieces : sequence of Piece
        In the order of the files.
    sums : sequence of (str, str)
        Name and SHA-256 of each file that can be read.
    skipped : mapping of str to str
        Files that cannot, and why.
    """

    pieces: Sequence[Piece]
    sums: Sequence[tuple[str, str]]
    skipped: Mapping[str, str]

    @property
    def n(self) -> int:
        """Number of clusters."""
        return sum(piece.last - piece.first for piece in self.pieces)


def listed(files: Sequence[Path], reading: Reading) -> Listing:
    """Return the clusters that files hold.

    Parameters
    ----------
    files : sequence of Path
        See `amphitrite.surveys.darkcnn.prepare.inputs.clusters`.
    reading : Reading
        What is stated beside them.

    Raises
    ------
    BadInput
        None of the files can be read.
    """
    source_of.cache_clear()
    pieces: list[Piece] = []
    sums = []
    skipped: dict[str, str] = {}
    for number, path in enumerate(files):
        try:
            n = 1 if inputs.is_one_cluster(path) else source_of(path, reading).n
            file, _ = image_hdus.split_name(path)
            sums.append((file.name, checksum(file)))
        except BadInput as error:
            skip(skipped, str(path), str(error))
            continue
        starts = range(0, n, TOGETHER)
        pieces += [Piece(path, number, a, min(a + TOGETHER, n)) for a in starts]
    if not pieces:
        raise BadInput(nothing(skipped))
    return Listing(pieces, sums, skipped)


def blocks(pieces: Sequence[Piece]) -> Iterator[tuple[Piece, ...]]:
    """Yield pieces in units of at most `TOGETHER` clusters, in their order."""
    block: list[Piece] = []
    n = 0
    for piece in pieces:
        size = piece.last - piece.first
        if block and n + size > TOGETHER:
            yield tuple(block)
            block, n = [], 0
        block.append(piece)
        n += size
    if block:
        yield tuple(block)


@lru_cache(maxsize=1)
def source_of(path: Path, reading: Reading) -> Source:
    """Return a file's clusters: units of one large file follow each other."""
    return inputs.read(path, reading)


def skip(skipped: dict[str, str], name: str, reason: str) -> None:
    """Note that a file or a cluster is left out and why, and say so."""
    skipped[name] = reason
    logger.warning("skipped %s: %s", name, reason)


def nothing(skipped: Mapping[str, str]) -> str:
    """Return why no cluster can be used; something was skipped."""
    first = next(iter(skipped.values()))
    if len(skipped) == 1:
        return first
    return (
        f"none of the {len(skipped)} clusters or files can be used; the first: {first}"
    )
