"""What the served network says of simulated clusters, as a user is told it."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from amphitrite.surveys.darkcnn.interpret.clusters import Clusters
from amphitrite.surveys.darkcnn.interpret.noise import pixel_noise
from amphitrite.surveys.darkcnn.interpret.profiles import profile
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
from amphitrite.surveys.darkcnn.prepare import tensors
from amphitrite.triton.served import ServedModel
from amphitrite_training.fitting.prefetch import prefetched
from amphitrite_training.fitting.task import Arrays
from amphitrite_training.surveys.darkcnn.cases import Case
from amphitrite_training.surveys.darkcnn.judging import Seen
from amphitrite_training.surveys.darkcnn.simulate import clusters as simulated

Advance = Callable[[int], None]

_IN_FLIGHT: Final = 2
_OUTPUTS: Final = (PROBABILITIES, SCORE, DISTANCE)
_SEED: Final = 4_000_000  # of the noise, which no training has


@dataclass(frozen=True)
class Judged:
    """Simulated clusters, and what the network says of them.

    Parameters
    ----------
    number : (n,) ndarray of int
        Their ids; those of one id differ by the cross-section alone.
    cross_section : (n,) ndarray of float64
        What is true of them, in cm2/g.
    clusters : Clusters
        What a run of the client knows of them.
    """

    number: NDArray[np.int64]
    cross_section: NDArray[np.float64]
    clusters: Clusters

    def __len__(self) -> int:
        return len(self.number)

    def take(self, rows: Any) -> Judged:
        """Return some of the clusters, by a mask, numbers or a slice."""
        return Judged(
            self.number[rows], self.cross_section[rows], self.clusters.take(rows)
        )


def judged(
    model: ServedModel,
    made: simulated.Clusters,
    case: Case,
    advance: Advance,
    *,
    part: int = 0,
) -> Judged:
    """Return what a served network says of simulated clusters.

    Parameters
    ----------
    model : ServedModel
        The network.
    made : simulate.clusters.Clusters
        The clusters, one at least.
    case : Case
        How they are seen.
    advance : callable
        Is told the number of clusters that are done.
    part : int, optional
        Another part has other noise.

    Raises
    ------
    ServerError
        The server does not answer.
    """
    places = np.arange(len(made))
    views = [case.view] * len(made)
    seen = Seen(made, places, views, (_SEED, part), case.attribute_drop)
    asked: deque[tuple[Clusters, list[Future[dict[str, NDArray[Any]]]]]] = deque()
    parts: list[Clusters] = []

    def answer(leave: int) -> None:
        while len(asked) > leave:
            known, futures = asked.popleft()
            parts.append(_answered(known, [future.result() for future in futures]))
            advance(len(known))

    with prefetched(seen, epoch=0) as batches:
        for inputs, _ in batches:
            futures = [
                model.submit(each, _OUTPUTS) for each in _requests(inputs, model)
            ]
            asked.append((_known(inputs), futures))
            answer(leave=_IN_FLIGHT)
        answer(leave=0)
    return Judged(
        made.truth["number"].astype(np.int64),
        made.truth["cross_section"].astype(np.float64),
        Clusters.joined([each.to_arrays() for each in parts]),
    )


def _requests(inputs: Arrays, model: ServedModel) -> list[Arrays]:
    """Return a batch in as many requests as the server needs."""
    size, n = model.max_batch, len(inputs[MAPS])
    return [
        {name: values[first : first + size] for name, values in inputs.items()}
        for first in range(0, n, size)
    ]


def _known(inputs: Arrays) -> Clusters:
    """Return what is known of clusters before the network has answered."""
    maps: NDArray[np.float32] = inputs[MAPS]
    relative = inputs[RELATIVE][:, 0] > 0
    n = len(maps)
    noise = [
        0.0 if unknown else pixel_noise(each)
        for unknown, each in zip(relative, maps, strict=True)
    ]
    return Clusters(
        name=np.full(n, "simulated"),
        label=np.full(n, "simulated"),
        place=np.zeros((n, 2), np.int64),
        flags=np.where(relative, tensors.RELATIVE, ""),
        present=inputs[PRESENT],
        attributes=inputs[KNOWN],
        attributes_present=inputs[KNOWN_PRESENT],
        mass=np.full(n, np.nan),
        noise=np.array(noise, float),
        profile=np.array([profile(each) for each in maps]),
        probabilities=np.full((n, 3), np.nan),
        score=np.full(n, np.nan),
        distance=np.full(n, np.nan),
    )


def _answered(known: Clusters, answers: Sequence[dict[str, NDArray[Any]]]) -> Clusters:
    """Fill in what the network has answered."""
    for name, field in (
        (PROBABILITIES, known.probabilities),
        (SCORE, known.score[:, None]),
        (DISTANCE, known.distance[:, None]),
    ):
        field[:] = np.concatenate([each[name] for each in answers])
    return known
