"""The run engine: a bounded number of requests in flight from files to server.

A survey hands over *units* of work (a file, a patch, a strip of an image).  Each is
prepared aside, sent to the server in one or more requests, and reduced to a record in
the journal.  Units finish in any order, the journal makes them count once, and nothing
is ever held for more than the units and requests in flight.
"""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import (
    FIRST_COMPLETED,
    Executor,
    Future,
    wait,
)
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import Any, Protocol

from numpy.typing import NDArray

from amphitrite import errors
from amphitrite.engine import workers
from amphitrite.engine.control import Limits, Summary
from amphitrite.engine.journal import Journal
from amphitrite.engine.room import Room
from amphitrite.triton.failures import RETRYABLE
from amphitrite.triton.served import ServedModel

logger = logging.getLogger(__name__)

Outputs = Mapping[str, NDArray[Any]]

_FIRST_PAUSE, _LONGEST_PAUSE = 0.25, 5.0
# The journal's key that says that some of its parts may be of other weights.
_MIXED = "answers of other weights"


class Work(Protocol):
    """One prepared unit."""

    def requests(self) -> Iterator[tuple[Any, dict[str, NDArray[Any]]]]:
        """Yield ``(where, input tensors)`` for each request, made when asked for."""

    def add(self, where: Any, outputs: Outputs) -> None:
        """Take the answer to one request; answers come in any order."""

    def record(self) -> Outputs:
        """Return the arrays for the journal, once every answer has been added."""


@dataclass(frozen=True)
class Unit:
    """One unit of work.

    Parameters
    ----------
    key : str
        Unique and the same in every run, such as the input's checksum and a number.
    payload : object
        What ``prepare`` needs; pickled when worker processes prepare.
    size : int
        Steps of the progress bar over the unit: it advances by the batch of each
        answer, and by the rest when the unit is finished.
    """

    key: str
    payload: Any
    size: int = 1


def execute(
    units: Iterable[Unit],
    prepare: Callable[[Any], Work],
    model: ServedModel,
    journal: Journal,
    *,
    outputs: Sequence[str] | None = None,
    limits: Limits | None = None,
    pool: Executor | None = None,
    advance: Callable[[int], None] = lambda size: None,
) -> Summary:
    """Bring every unit through the server and into the journal.

    Parameters
    ----------
    units : iterable of Unit
        The work; read lazily.
    prepare : callable
        Turns a payload into `Work`.  With worker processes it must be importable.  A
        `BadInput` that it raises makes the unit skipped, and the run goes on.
    model : ServedModel
        Where requests go.
    journal : Journal
        Units found in it are not done again.
    outputs : sequence of str, optional
        The model's outputs that are needed; all by default.
    limits : Limits, optional
        Bounds on the work in flight.
    pool : Executor, optional
        The workers that prepare units; by default a pool of this call's own.
    advance : callable
        Called with each step of the progress; the steps of a unit add up to its size,
        be it finished, resumed or skipped.

    Raises
    ------
    ServerError
        The server failed for longer than the patience allows, or refused a request;
        or it did not serve the same model from the first request to the last.
    """
    if _MIXED in journal:
        raise errors.SpecMismatch(
            "the server changed its weights during this run without a break, so that "
            "nobody can tell which of its finished parts are of which; start it anew "
            "with --overwrite instead of --resume"
        )
    limits = limits or Limits()
    began = time.monotonic()
    summary = Summary()
    run = _Run(prepare, model, journal, outputs, limits, advance, summary)
    preparing = workers.pool(limits.workers) if pool is None else nullcontext(pool)
    try:
        with preparing as ready:
            run.drain(units, ready)
        run.confirm()
    except errors.AnswersMixed:
        journal.append(_MIXED, {})
        raise
    summary.seconds = time.monotonic() - began
    return summary


@dataclass
class _Open:
    """A unit of which some requests are still to be made or answered."""

    unit: Unit
    work: Work
    waiting: int = 0
    sent_all: bool = False
    advanced: int = 0


@dataclass
class _Request:
    """A request that can be sent again."""

    owner: _Open
    where: Any
    tensors: dict[str, NDArray[Any]]


@dataclass
class _Run:
    """The state of one call of `execute`; all of it lives in the calling thread."""

    prepare: Callable[[Any], Work]
    model: ServedModel
    journal: Journal
    outputs: Sequence[str] | None
    limits: Limits
    advance: Callable[[int], None]
    summary: Summary
    failing_since: float | None = None
    asked: bool = False
    room: Room = field(init=False)

    def __post_init__(self) -> None:
        self.room = Room(self.limits)

    def drain(self, units: Iterable[Unit], pool: Executor) -> None:
        stream = self._requests(units, pool)
        flying: dict[Future[dict[str, NDArray[Any]]], _Request] = {}
        again: deque[_Request] = deque()
        while True:
            while len(flying) < self.room.size:
                request = again.popleft() if again else next(stream, None)
                if request is None:
                    break
                flying[self._send(request)] = request
                self.asked = True
            if not flying:
                return
            failure: errors.ServerError | None = None
            for future in wait(flying, return_when=FIRST_COMPLETED).done:
                request = flying.pop(future)
                try:
                    answer = future.result()
                except RETRYABLE as error:
                    again.append(request)
                    failure = error
                else:
                    self.failing_since = None
                    self.room.answered()
                    self._answered(request, answer)
            if isinstance(failure, errors.QueueFull):
                self.room.refused(failure, len(flying))
            elif failure is not None:
                self._await_server(failure)

    def _send(self, request: _Request) -> Future[dict[str, NDArray[Any]]]:
        try:
            return self.model.submit(request.tensors, self.outputs)
        except errors.BadInput as error:  # a unit made a request that cannot be sent
            error.add_note(f"It comes from {request.owner.unit.key}.")
            raise

    def confirm(self) -> None:
        """Check, at the end, that the server did not change its weights unnoticed."""
        if not self.asked:
            return
        try:
            self.model.check_unchanged()
        except RETRYABLE as failure:
            self._await_server(failure)
        except errors.SpecMismatch as error:
            raise errors.AnswersMixed(str(error)) from None

    def _requests(self, units: Iterable[Unit], pool: Executor) -> Iterator[_Request]:
        """Yield the requests of all units, preparing a few units ahead."""
        for unit, prepared in self._prepared(units, pool):
            try:
                opened = _Open(unit, prepared.result())
            except errors.BadInput as error:
                logger.warning("skipped %s: %s", unit.key, error)
                self.summary.skipped[unit.key] = str(error)
                self.advance(unit.size)
                continue
            for where, tensors in opened.work.requests():
                opened.waiting += 1
                yield _Request(opened, where, tensors)
            opened.sent_all = True
            self._finish_if_complete(opened)

    def _prepared(
        self, units: Iterable[Unit], pool: Executor
    ) -> Iterator[tuple[Unit, Future[Work]]]:
        ahead: deque[tuple[Unit, Future[Work]]] = deque()
        for unit in units:
            if unit.key in self.journal:
                self.summary.resumed += 1
                self.advance(unit.size)
                continue
            ahead.append((unit, pool.submit(self.prepare, unit.payload)))
            if len(ahead) > max(1, 2 * self.limits.workers):
                yield ahead.popleft()
        yield from ahead

    def _answered(self, request: _Request, answer: Outputs) -> None:
        opened = request.owner
        opened.work.add(request.where, answer)
        opened.waiting -= 1
        batch = len(next(iter(request.tensors.values())))
        step = min(batch, opened.unit.size - opened.advanced)
        opened.advanced += step
        self.advance(step)
        self._finish_if_complete(opened)

    def _finish_if_complete(self, opened: _Open) -> None:
        if opened.sent_all and not opened.waiting:
            self.journal.append(opened.unit.key, opened.work.record())
            self.summary.done += 1
            self.advance(opened.unit.size - opened.advanced)

    def _await_server(self, failure: errors.ServerError) -> None:
        """Return once the server serves the same weights again, or give up."""
        now = time.monotonic()
        if self.failing_since is None:
            self.failing_since = now
            logger.warning("%s\nTrying again for %g s.", failure, self.limits.patience)
        give_up = self.failing_since + self.limits.patience
        pause = _FIRST_PAUSE
        while True:
            if time.monotonic() + pause > give_up:
                raise failure
            time.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)
            try:
                self.model.check_unchanged()
            except RETRYABLE as error:
                failure = error
            else:
                return
