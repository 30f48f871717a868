"""The statistics of segments: of the served networks, and of the yardsticks.

Each segment is made once and judged by all of them.  Worker processes make the segments
and take the yardsticks while the server judges earlier ones; few are held at a time.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from amphitrite.surveys.emri.page import STATISTIC, STRAIN
from amphitrite.triton.served import ServedModel
from amphitrite_training.surveys.emri.segments import Batch, Made
from amphitrite_training.surveys.emri.yardsticks import yardsticks

Statistics = Mapping[str, NDArray[np.float64]]
"""The (n,) statistics of n segments, by the name of the network or the yardstick."""

_MOST_ROWS: Final = 8  # 16 MB of strain
_IN_FLIGHT: Final = 2


@dataclass(frozen=True)
class Judged:
    """Segments and their statistics.

    Parameters
    ----------
    ratios : (n,) ndarray of float64
        Signal-to-noise ratios of the signals in them; 0 for noise alone.
    statistics : mapping of str to (n,) ndarray of float64
        See `Statistics`.
    """

    ratios: NDArray[np.float64]
    statistics: Statistics

    def __len__(self) -> int:
        return len(self.ratios)

    @classmethod
    def joined(cls, parts: Sequence[Judged]) -> Judged:
        """Return the segments of several parts, one after the other."""
        return cls(
            np.concatenate([part.ratios for part in parts]),
            {
                name: np.concatenate([part.statistics[name] for part in parts])
                for name in parts[0].statistics
            },
        )


@dataclass(frozen=True)
class Judge:
    """Gives segments their statistics.

    Parameters
    ----------
    networks : mapping of str to ServedModel
        The served networks by name.
    pool : Executor
        Worker processes that make the segments.
    ahead : int
        Batches that are made before they are asked for.
    """

    networks: Mapping[str, ServedModel]
    pool: Executor
    ahead: int

    @property
    def rows(self) -> int:
        """How many segments a batch has at most."""
        limits = [network.max_batch for network in self.networks.values()]
        return min(_MOST_ROWS, *limits)

    def judged(
        self, batches: Iterable[Batch], advance: Callable[[int], None]
    ) -> Judged:
        """Return the statistics of the segments of one batch at least.

        Parameters
        ----------
        batches : iterable of Batch
            Of `rows` segments at most; described only when their turn comes.
        advance : callable
            Is told the number of segments of each batch that is done.

        Raises
        ------
        ServerError
            The server does not answer.
        """
        being_made: deque[Future[tuple[Made, Statistics]]] = deque()
        asked: deque[_Asked] = deque()
        parts: list[Judged] = []

        def ask(leave: int) -> None:
            while len(being_made) > leave:
                asked.append(self._ask(*being_made.popleft().result()))
                answer(leave=_IN_FLIGHT)

        def answer(leave: int) -> None:
            while len(asked) > leave:
                parts.append(asked.popleft().answered())
                advance(len(parts[-1]))

        for batch in batches:
            being_made.append(self.pool.submit(make, batch))
            ask(leave=self.ahead)
        ask(leave=0)
        answer(leave=0)
        return Judged.joined(parts)

    def _ask(self, made: Made, known: Statistics) -> _Asked:
        """Send segments to all networks."""
        futures = {
            name: network.submit({STRAIN: made.strain}, (STATISTIC,))
            for name, network in self.networks.items()
        }
        return _Asked(made.ratios, known, futures)


def make(batch: Batch) -> tuple[Made, Statistics]:
    """Return the segments of a batch, and the yardsticks of each."""
    made = batch.made()
    rows = [yardsticks(strain) for strain in made.strain]
    return made, {name: np.array([row[name] for row in rows]) for name in rows[0]}


@dataclass(frozen=True)
class _Asked:
    """Segments whose yardsticks are known and whose networks are at work."""

    ratios: NDArray[np.float64]
    known: Statistics
    futures: Mapping[str, Future[dict[str, NDArray[Any]]]]

    def answered(self) -> Judged:
        """Wait for the networks."""
        answers = {
            name: np.asarray(future.result()[STATISTIC][:, 0], np.float64)
            for name, future in self.futures.items()
        }
        return Judged(self.ratios, {**answers, **self.known})
