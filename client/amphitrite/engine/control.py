"""Limits and settings of a run, and its result."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from amphitrite import errors
from amphitrite.engine.shards import Shard

if TYPE_CHECKING:
    from astropy.table import QTable

    from amphitrite.engine.merging import Parts


@dataclass(frozen=True)
class Limits:
    """Limits on the work that a run does at once, and on its waiting.

    Parameters
    ----------
    in_flight : int
        Requests sent and not yet answered.
    workers : int
        Processes that prepare units; 0 prepares in a thread of this process.  Threads
        of this process, one at least, for emri.
    patience : float
        Seconds during which a failing server is tried again before the run gives up.
    """

    in_flight: int = 4
    workers: int = 0
    patience: float = 60.0

    def __post_init__(self) -> None:
        patient = 0 <= self.patience < math.inf
        if self.in_flight < 1 or self.workers < 0 or not patient:
            raise errors.BadInput(
                "at least 1 request must be in flight, workers and patience must not "
                f"be negative; received in_flight={self.in_flight}, "
                f"workers={self.workers}, patience={self.patience:g}"
            )


@contextmanager
def silent(what: str, total: int) -> Iterator[Callable[[int], None]]:
    """Show no progress."""
    yield lambda size: None


@dataclass(frozen=True)
class Control:
    """Settings of a run, the same for every survey.

    Parameters
    ----------
    limits : Limits
        Bounds on the work in flight.
    resume, overwrite : bool
        What to do with an interrupted run, and with an existing result.
    command : str
        The command line, for the products' headers.
    progress : callable
        ``progress(what, total)`` is a context manager that yields a function to call
        with each step done.
    shard : Shard, optional
        Do this share of the survey alone, and write a part; see
        `amphitrite.engine.partfiles`.
    parts : Parts, optional
        Make the result of parts that were written before, and ask no server.
    """

    limits: Limits = Limits()
    resume: bool = False
    overwrite: bool = False
    command: str = ""
    progress: Callable[[str, int], AbstractContextManager[Callable[[int], None]]] = (
        silent
    )
    shard: Shard | None = None
    parts: Parts | None = None


@dataclass
class Summary:
    """Numbers of units done and resumed, and the inputs that were skipped."""

    done: int = 0
    resumed: int = 0
    skipped: dict[str, str] = field(default_factory=dict)
    seconds: float = 0.0


@dataclass(frozen=True)
class Result:
    """Result of a survey's run.

    Parameters
    ----------
    table : QTable
        The catalogue.
    summary : Summary
        Numbers of units done, resumed and skipped.
    out : Path
        Where the products are.
    seconds : mapping of str to float
        Wall time of each stage.
    """

    table: QTable
    summary: Summary
    out: Path
    seconds: Mapping[str, float]


@dataclass(frozen=True)
class PartResult(Result):
    """Result of one shard: a part, and no catalogue yet.

    Parameters
    ----------
    shard : Shard
        Which one.
    n_units : int
        The finished units in the part.
    """

    shard: Shard
    n_units: int
