"""Simulated clusters on their way through the served network, kept nowhere."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from amphitrite.engine import workers
from amphitrite.surveys.darkcnn.page import (
    ATTRIBUTES,
    DISTANCE,
    PROBABILITIES,
    SCORE,
)
from amphitrite.triton.served import ServedModel
from amphitrite_training.fitting.task import Arrays
from amphitrite_training.surveys.darkcnn.data import observed
from amphitrite_training.surveys.darkcnn.observing import View
from amphitrite_training.surveys.darkcnn.simulate.clusters import Chunk, passing

_TOGETHER: Final = 32  # clusters that a worker makes at once, about
_IN_FLIGHT: Final = 4
_STREAM: Final = 8_000_000  # first number of a stream that nothing else has


@dataclass(frozen=True)
class Answers:
    """What the network answers of n simulated clusters.

    Parameters
    ----------
    number : (n,) ndarray of int
        Their ids.
    cross_section : (n,) ndarray of float64
        What is true, cm2/g.
    score, distance : (n,) ndarray of float64
    probabilities : (n, 3) ndarray of float64
    """

    number: NDArray[np.int64]
    cross_section: NDArray[np.float64]
    score: NDArray[np.float64]
    distance: NDArray[np.float64]
    probabilities: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.score)

    def take(self, rows: NDArray[Any]) -> Answers:
        """Return some of the clusters, by a mask or by numbers."""
        return Answers(
            self.number[rows],
            self.cross_section[rows],
            self.score[rows],
            self.distance[rows],
            self.probabilities[rows],
        )


@dataclass(frozen=True)
class _Made:
    inputs: Arrays
    truth: Mapping[str, NDArray[Any]]


def make(chunk: Chunk, view: View, seed: int) -> _Made:
    """Return the network's inputs for the clusters of a chunk, all seen alike.

    All attributes are known, the mass with its error.
    """
    clusters = passing(chunk)
    n = len(clusters)
    rng = np.random.default_rng([seed, _STREAM, chunk.first])
    told = np.ones((n, len(ATTRIBUTES)), bool)
    inputs = observed(clusters, np.arange(n), [view] * n, rng, told)
    truth = {name: clusters.truth[name] for name in ("number", "cross_section")}
    return _Made(inputs, truth)


def answered(
    model: ServedModel,
    chunks: Sequence[Chunk],
    view: View,
    advance: Callable[[int], None],
    *,
    seed: int,
) -> Answers:
    """Return what the network answers of the clusters of some chunks, one at least.

    Parameters
    ----------
    model : ServedModel
        The network.
    chunks : sequence of Chunk
        The clusters, made by worker processes.
    view : View
        How all of them are seen.
    advance : callable
        Is told how many clusters are done.
    seed : int
        Of the noise.

    Raises
    ------
    ServerError
        The server does not answer.
    """
    n_workers = min(os.cpu_count() or 1, len(chunks))
    parts: list[Answers] = []
    made: deque[Future[_Made]] = deque()
    asked: deque[tuple[Future[dict[str, NDArray[Any]]], Mapping[str, Any]]] = deque()

    def receive(leave: int) -> None:
        while len(asked) > leave:
            future, truth = asked.popleft()
            parts.append(_answers(future.result(), truth))
            advance(len(parts[-1]))

    def ask(leave: int) -> None:
        while len(made) > leave:
            for inputs, truth in _batches(made.popleft().result(), model.max_batch):
                outputs = (PROBABILITIES, SCORE, DISTANCE)
                asked.append((model.submit(inputs, outputs), truth))
                receive(_IN_FLIGHT)

    with workers.pool(n_workers) as pool:
        for chunk in chunks:
            made.append(pool.submit(make, chunk, view, seed))
            ask(2 * n_workers)
        ask(0)
        receive(0)
    joined = [[getattr(part, name) for part in parts] for name in _FIELDS]
    return Answers(*(np.concatenate(values) for values in joined))


def pieces(first: int, n: int, **options: Any) -> list[Chunk]:
    """Return the chunks of n ids from a first one on; see `Chunk` for the options."""
    each = len(options.get("cross_sections", ())) + options.get("n_random", 0)
    size = max(1, _TOGETHER // each)
    return [
        Chunk(begin, min(size, first + n - begin), **options)
        for begin in range(first, first + n, size)
    ]


_FIELDS: Final = ("number", "cross_section", "score", "distance", "probabilities")


def _batches(made: _Made, size: int) -> Iterator[tuple[Arrays, dict[str, Any]]]:
    """Yield what was made in requests of a size at most."""
    for first in range(0, len(made.truth["number"]), size):
        where = slice(first, first + size)
        yield (
            {name: values[where] for name, values in made.inputs.items()},
            {name: values[where] for name, values in made.truth.items()},
        )


def _answers(
    outputs: Mapping[str, NDArray[Any]], truth: Mapping[str, NDArray[Any]]
) -> Answers:
    return Answers(
        truth["number"].astype(np.int64),
        truth["cross_section"].astype(np.float64),
        outputs[SCORE][:, 0].astype(np.float64),
        outputs[DISTANCE][:, 0].astype(np.float64),
        outputs[PROBABILITIES].astype(np.float64),
    )
