"""Clusters on their way through the server, some at a time."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from amphitrite.engine.control import Summary
from amphitrite.engine.execution import Unit
from amphitrite.engine.session import Session
from amphitrite.errors import BadInput
from amphitrite.files import image_hdus
from amphitrite.files.checksums import checksum
from amphitrite.files.choices import Choices
from amphitrite.surveys.darkcnn.interpret.clusters import Clusters, once
from amphitrite.surveys.darkcnn.page import (
    DISTANCE,
    KNOWN,
    KNOWN_PRESENT,
    MAPS,
    PRESENT,
    PROBABILITIES,
    RELATIVE,
    SCORE,
)
from amphitrite.surveys.darkcnn.prepare import inputs
from amphitrite.surveys.darkcnn.prepare.cluster import Source
from amphitrite.surveys.darkcnn.prepare.reading import Reading
from amphitrite.surveys.darkcnn.prepare.tensors import Prepared
from amphitrite.triton.served import ServedModel

logger = logging.getLogger(__name__)

TOGETHER: Final = 64
"""Clusters of a unit: 8 MB of maps, all that is held of a sample of any size."""
_SKIPPED: Final = ("skipped", "reason")
_CHOICES: Final = "choices"


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


@dataclass
class ClusterWork:
    """Clusters on their way to the server (see `amphitrite.engine.execution.Work`).

    Parameters
    ----------
    tensors : mapping of str to (n, ...) ndarray of float32
        The inputs of the network.
    clusters : Clusters
        What is known of them; the answers are filled in.
    batch : int
        Clusters per request.
    skipped : dict of str to str
        Files and clusters that cannot be used, and why.
    choices : list of str
        What was chosen for the user.
    """

    tensors: Mapping[str, NDArray[np.float32]]
    clusters: Clusters
    batch: int
    skipped: dict[str, str] = field(default_factory=dict)
    choices: list[str] = field(default_factory=list)

    def requests(self) -> Iterator[tuple[slice, dict[str, NDArray[Any]]]]:
        """Yield the clusters in batches."""
        for at in range(0, len(self.clusters), self.batch):
            where = slice(at, at + self.batch)
            yield where, {name: all_[where] for name, all_ in self.tensors.items()}

    def add(self, where: slice, outputs: Mapping[str, NDArray[Any]]) -> None:
        """Take the answers to one batch."""
        self.clusters.probabilities[where] = outputs[PROBABILITIES]
        self.clusters.score[where] = outputs[SCORE][:, 0]
        self.clusters.distance[where] = outputs[DISTANCE][:, 0]

    def record(self) -> dict[str, NDArray[Any]]:
        """Return what is known of the clusters, without their maps."""
        return {
            **self.clusters.to_arrays(),
            _SKIPPED[0]: np.array([*self.skipped.keys()], str),
            _SKIPPED[1]: np.array([*self.skipped.values()], str),
            _CHOICES: np.array(self.choices, str),
        }


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
    _source.cache_clear()
    pieces: list[Piece] = []
    sums = []
    skipped: dict[str, str] = {}
    for number, path in enumerate(files):
        try:
            n = 1 if inputs.is_one_cluster(path) else _source(path, reading).n
            file, _ = image_hdus.split_name(path)
            sums.append((file.name, checksum(file)))
        except BadInput as error:
            _skip(skipped, str(path), str(error))
            continue
        starts = range(0, n, TOGETHER)
        pieces += [Piece(path, number, a, min(a + TOGETHER, n)) for a in starts]
    if not pieces:
        raise BadInput(_nothing(skipped))
    return Listing(pieces, sums, skipped)


def prepare(block: Sequence[Piece], *, reading: Reading, batch: int) -> ClusterWork:
    """Return the clusters of a unit, read and brought onto the network's grid.

    Parameters
    ----------
    block : sequence of Piece
        Which ones.
    reading : Reading
        What is stated beside their files.
    batch : int
        Clusters per request.
    """
    choices = _Kept()
    skipped: dict[str, str] = {}
    found: list[tuple[str, tuple[int, int], Prepared]] = []
    for piece in block:
        try:
            source = _source(piece.path, reading)
        except BadInput as error:
            skipped[str(piece.path)] = str(error)
            continue
        numbers = range(piece.first, piece.last)
        each = inputs.some(source, numbers, reading, choices)
        for number, (label, cluster) in zip(numbers, each, strict=True):
            if isinstance(cluster, BadInput):
                skipped[label] = str(cluster)
            else:
                found.append((label, (piece.number, number), cluster))
    tensors = stacked([cluster for _, _, cluster in found]) if found else {}
    return ClusterWork(tensors, Clusters.of(found), batch, skipped, choices.made)


def stacked(clusters: Sequence[Prepared]) -> dict[str, NDArray[np.float32]]:
    """Return the inputs of the network for some clusters, one at least, by name."""
    relative = [["relative" in cluster.flags] for cluster in clusters]
    return {
        MAPS: np.stack([cluster.maps for cluster in clusters]),
        PRESENT: np.stack([cluster.present for cluster in clusters]),
        RELATIVE: np.array(relative, np.float32),
        KNOWN: np.stack([cluster.attributes for cluster in clusters]),
        KNOWN_PRESENT: np.stack([cluster.attributes_present for cluster in clusters]),
    }


def judge(
    session: Session,
    model: ServedModel,
    listing: Listing,
    reading: Reading,
    choices: Choices,
) -> tuple[Clusters, Summary]:
    """Send all clusters to the network.

    Parameters
    ----------
    session : Session
        The run; clusters found in its journal are not judged again.
    model : ServedModel
        The network.
    listing : Listing
        The clusters.
    reading : Reading
        What is stated beside their files.
    choices : Choices
        Told what was chosen for the user.

    Returns
    -------
    clusters : Clusters
        Those that can be used, each name once.
    summary : Summary
        Numbers of units done and resumed, and what was skipped.

    Raises
    ------
    BadInput
        No cluster can be used.
    ServerError
        See `amphitrite.engine.execution.execute`.
    """
    units = [
        Unit(f"clusters {number}", block, sum(p.last - p.first for p in block))
        for number, block in enumerate(blocks(listing.pieces))
    ]
    batch = min(TOGETHER, model.max_batch)
    work = partial(prepare, reading=reading, batch=batch)
    summary = session.serve(
        *("judging", units, listing.n, work, model),
        outputs=(PROBABILITIES, SCORE, DISTANCE),
    )
    _source.cache_clear()
    records = [session.journal.read(unit.key) for unit in units]
    summary.skipped |= listing.skipped
    for record in records:
        names, reasons = (record[key].tolist() for key in _SKIPPED)
        for name, reason in zip(names, reasons, strict=True):
            _skip(summary.skipped, name, reason)
        for sentence in record[_CHOICES].tolist():
            choices.say(sentence)
    clusters, repeated = once(Clusters.joined(records))
    for name, reason in repeated.items():
        _skip(summary.skipped, name, reason)
    if not len(clusters):
        raise BadInput(_nothing(summary.skipped))
    return clusters, summary


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


def maps_of(
    clusters: Clusters, files: Sequence[Path], reading: Reading
) -> list[NDArray[np.float32]]:
    """Return the maps of a few clusters, read once more.

    Raises
    ------
    BadInput
        A file cannot be read any more.
    """
    found = []
    for file, number in clusters.place.tolist():
        source = _source(files[file], reading)
        ((_, cluster),) = inputs.some(source, [number], reading, _Kept())
        if isinstance(cluster, BadInput):
            raise cluster
        found.append(cluster.maps)
    _source.cache_clear()
    return found


class _Kept(Choices):
    """Choices that are kept, and said later: every unit makes the same ones."""

    def say(self, sentence: str) -> None:
        """Keep a choice; the same one once."""
        if sentence not in self.made:
            self.made.append(sentence)


@lru_cache(maxsize=1)
def _source(path: Path, reading: Reading) -> Source:
    """Return a file's clusters: units of one large file follow each other."""
    return inputs.read(path, reading)


def _skip(skipped: dict[str, str], name: str, reason: str) -> None:
    skipped[name] = reason
    logger.warning("skipped %s: %s", name, reason)


def _nothing(skipped: Mapping[str, str]) -> str:
    first = next(iter(skipped.values()))
    if len(skipped) == 1:
        return first
    return (
        f"none of the {len(skipped)} clusters or files can be used; the first: {first}"
    )
