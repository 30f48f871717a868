"""Clusters on their way through the server, some at a time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from amphitrite.engine.control import Summary
from amphitrite.engine.execution import Unit
from amphitrite.engine.session import Session
from amphitrite.errors import BadInput
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
from amphitrite.surveys.darkcnn.prepare import tensors as prepare_tensors
from amphitrite.surveys.darkcnn.prepare.pieces import (
    TOGETHER,
    Listing,
    Piece,
    blocks,
    nothing,
    skip,
    source_of,
)
from amphitrite.surveys.darkcnn.prepare.reading import Reading
from amphitrite.surveys.darkcnn.prepare.tensors import Prepared
from amphitrite.triton.served import ServedModel

_SKIPPED: Final = ("skipped", "reason")
_CHOICES: Final = "choices"


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
            source = source_of(piece.path, reading)
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
    relative = [[prepare_tensors.RELATIVE in cluster.flags] for cluster in clusters]
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
) -> tuple[Sequence[Unit], Summary]:
    """Send all clusters to the network, or those of this shard.

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

    Returns
    -------
    units : sequence of Unit
        The blocks of clusters that are in the journal now.
    summary : Summary
        Numbers of units done and resumed.

    Raises
    ------
    ServerError
        See `amphitrite.engine.execution.execute`.
    """
    every = [
        Unit(f"clusters {number}", block, sum(p.last - p.first for p in block))
        for number, block in enumerate(blocks(listing.pieces))
    ]
    units = session.own(every, lambda unit: unit.key)
    batch = min(TOGETHER, model.max_batch)
    work = partial(prepare, reading=reading, batch=batch)
    summary = session.serve(
        *("judging", units, sum(unit.size for unit in units), work, model),
        outputs=(PROBABILITIES, SCORE, DISTANCE),
    )
    source_of.cache_clear()
    return units, summary


def collected(
    session: Session,
    units: Sequence[Unit],
    listing: Listing,
    choices: Choices,
    summary: Summary,
) -> Clusters:
    """Return the clusters that can be used, each name once.

    Parameters
    ----------
    session : Session
        The run, in whose journal they are.
    units : sequence of Unit
        All blocks of clusters.
    listing : Listing
        The clusters.
    choices : Choices
        Told what was chosen for the user.
    summary : Summary
        Told what was skipped.

    Raises
    ------
    BadInput
        No cluster can be used.
    """
    records = [session.journal.read(unit.key) for unit in units]
    summary.skipped |= listing.skipped
    for record in records:
        names, reasons = (record[key].tolist() for key in _SKIPPED)
        for name, reason in zip(names, reasons, strict=True):
            skip(summary.skipped, name, reason)
        for sentence in record[_CHOICES].tolist():
            choices.say(sentence)
    clusters, repeated = once(Clusters.joined(records))
    for name, reason in repeated.items():
        skip(summary.skipped, name, reason)
    if not len(clusters):
        raise BadInput(nothing(summary.skipped))
    return clusters


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
        source = source_of(files[file], reading)
        ((_, cluster),) = inputs.some(source, [number], reading, _Kept())
        if isinstance(cluster, BadInput):
            raise cluster
        found.append(cluster.maps)
    source_of.cache_clear()
    return found


class _Kept(Choices):
    """Choices that are kept, and said later: every unit makes the same ones."""

    def say(self, sentence: str) -> None:
        """Keep a choice; the same one once."""
        if sentence not in self.made:
            self.made.append(sentence)
