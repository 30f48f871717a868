"""Several Triton servers as one: what one of them fails, another answers."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Final, Self

from numpy.typing import NDArray

from amphitrite import errors
from amphitrite.triton import lookup
from amphitrite.triton.answers import Tensors
from amphitrite.triton.attendance import Attendance, each
from amphitrite.triton.connection import Connection
from amphitrite.triton.failures import RETRYABLE
from amphitrite.triton.members import Members, Turn
from amphitrite.triton.names import Names
from amphitrite.triton.served import ServedModel
from amphitrite.triton.spec import ModelSpec
from amphitrite.triton.status import NOT_READY, ModelStatus

logger = logging.getLogger(__name__)

LOOK_UP_SECONDS: Final = 3.0
"""Time between two look-ups of the servers' names."""


@dataclass
class _Request:
    """A request that may go to several servers, one after the other."""

    model: ServedModel
    tensors: Tensors
    outputs: Sequence[str]
    answer: Future[dict[str, NDArray[Any]]] = field(default_factory=Future)
    failures: list[errors.ServerError] = field(default_factory=list)


class Fleet:
    """Connections to several servers of the same models.

    It offers what a `Connection` does.  A request goes to the server with the fewest
    requests in flight and, if that fails in a way that may pass, to another at once.
    The server that failed rests, is asked aside, and gets requests again once it serves
    the models with which the run began.  One that serves other models is left out.

    Use it from one thread: requests are sent from the caller's, and sent again from a
    thread of the fleet's own.

    Parameters
    ----------
    url : str
        The addresses, as `amphitrite.triton.addresses.parse_list` takes them.
    join : callable
        Returns a connection to an address, given with the name that the server's
        certificate has, empty for the address's own.
    deadline : float
        Time in seconds after which a request to one server fails.
    look_up : callable
        Finds the addresses of a name.

    Raises
    ------
    BadInput
        An address is not valid.
    """

    def __init__(
        self,
        url: str,
        join: Callable[[str, str], Connection],
        *,
        deadline: float = 120.0,
        look_up: lookup.LookUp = lookup.look_up,
    ) -> None:
        self.url = url
        self.deadline = deadline
        self._names = Names(url, look_up)
        self._members = Members(join)
        self._looking_up = threading.Lock()
        self._replacing = threading.Lock()
        self._ended = threading.Event()
        self._attendance = Attendance(self, self._members, self._ended)
        self._soon = threading.Event()
        self._again = ThreadPoolExecutor(1, "amphitrite-again")
        self._refresh()
        if self._names.change:
            threading.Thread(target=self._keep_looking_up, daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close all connections; more than once does no harm."""
        self._ended.set()
        self._soon.set()
        self._again.shutdown(wait=False, cancel_futures=True)
        with self._replacing:
            left = self._members.clear()
        each(left, lambda member: member.connection.close())

    def model(self, expected: ModelSpec) -> ServedModel:
        """Return the served model after checking it on every server that is well.

        The first time, the run's model becomes the one that most servers serve.

        Raises
        ------
        ServerUnreachable, ModelNotReady, InferenceTimeout
            No server serves the model.
        SpecMismatch
            No server serves the expected model, or the one with which the run began.
        AnswersMixed
            A server has changed the model although no request to it had failed.
        """
        self._refresh()
        if not self._members.of():
            raise self._names.failure()
        if expected.name in self._attendance.models:
            self._attendance.confirm(self._attendance.models[expected.name])
        else:
            self._attendance.meet(expected)
        return self._attendance.models[expected.name]

    def send(
        self, model: ServedModel, tensors: Tensors, outputs: Sequence[str]
    ) -> Future[dict[str, NDArray[Any]]]:
        """Send one request; see `amphitrite.triton.served.ServedModel.submit`."""
        request = _Request(model, tensors, outputs)
        self._send(request)
        return request.answer

    def status(self, names: Collection[str] | None = None) -> list[ModelStatus]:
        """Return the state of each model of each server; see `Connection.status`.

        A server that does not answer has one entry, without a model's name.

        Raises
        ------
        ServerUnreachable
            No server is known.
        """
        self._refresh()
        members = self._members.of()
        if not members:
            raise self._names.failure()
        found = each(members, lambda member: member.connection.status(names))
        listed = []
        for member, models in zip(members, found, strict=True):
            if isinstance(models, errors.ServerError):
                models = [ModelStatus("", "", NOT_READY, str(models))]
            listed += [replace(model, server=member.url) for model in models]
        return listed

    def _send(self, request: _Request) -> None:
        """Send a request to a server that is well; if there is none, it fails."""
        turn = self._members.take()
        if turn is None:
            failure = self._attendance.failure(request.failures)
            request.answer.set_exception(failure)
            return
        try:
            sent = turn.member.connection.send(
                request.model, request.tensors, request.outputs
            )
        except BaseException:
            self._end(turn)
            raise
        sent.add_done_callback(partial(self._answered, turn, request))

    def _answered(
        self, turn: Turn, request: _Request, sent: Future[dict[str, NDArray[Any]]]
    ) -> None:
        """Pass an answer on, or send the request to another server; on any thread."""
        try:
            self._end(turn)
            error = sent.exception()
            if error is None:
                self._members.answered(turn)
                request.answer.set_result(sent.result())
                return
            if isinstance(error, RETRYABLE) and not self._ended.is_set():
                if self._attendance.failed(turn, error):
                    self._soon.set()
                request.failures.append(error)
                # a request that fails wherever it goes is not sent round for ever
                if len(request.failures) < 2 * max(1, len(self._members.of())):
                    self._later(partial(self._send_again, request))
                    return
            request.answer.set_exception(error)
        except BaseException as unforeseen:  # a caller must never be left waiting
            request.answer.set_exception(unforeseen)

    def _send_again(self, request: _Request) -> None:
        try:
            self._send(request)
        except BaseException as error:
            request.answer.set_exception(error)

    def _end(self, turn: Turn) -> None:
        """End a turn, and close the connection to a server that has left."""
        if self._members.give_back(turn):
            self._later(turn.member.connection.close)

    def _later(self, work: Callable[[], object]) -> None:
        """Do something on the fleet's own thread, unless the fleet has ended."""
        try:
            self._again.submit(work)
        except RuntimeError:  # it has ended: whoever waited does so no longer
            logger.debug("the fleet %s has ended", self.url)

    def _keep_looking_up(self) -> None:
        """Look the names up every few seconds, and soon after a failure."""
        while not self._ended.is_set():
            self._soon.wait(LOOK_UP_SECONDS)
            self._soon.clear()
            try:
                self._refresh()
            except Exception as error:  # such as a file of TLS that is just replaced
                logger.warning(
                    "the servers of %s stay as they are for now: %s", self.url, error
                )
            self._ended.wait(LOOK_UP_SECONDS / 10)

    def _refresh(self) -> None:
        """Take in the servers that names stand for now, and let the others go."""
        with self._looking_up:  # which may take long; closing does not wait for it
            names = self._names.addresses()
            with self._replacing:
                if self._ended.is_set():
                    return
                new, left = self._members.replace(names)
        if any(member.url not in names for member in self._members.of()):
            self._soon.set()  # it goes as soon as another is well
        for member in left:
            logger.info("the server at %s has left", member.url)
            if not member.in_flight:
                self._later(member.connection.close)
        if self._attendance.models:
            for member in new:
                self._attendance.look_after(member, 0.0)
