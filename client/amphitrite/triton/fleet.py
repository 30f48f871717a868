"""Several Triton servers as one: what one of them fails, another answers."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Collection, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Final, Self, TypeVar

from numpy.typing import NDArray

from amphitrite import errors
from amphitrite.triton import lookup
from amphitrite.triton.answers import Tensors
from amphitrite.triton.connection import Connection
from amphitrite.triton.failures import RETRYABLE
from amphitrite.triton.members import LONGEST_PAUSE, Member, Members, State, Turn
from amphitrite.triton.names import Names
from amphitrite.triton.run_state import agreed, check_agrees
from amphitrite.triton.served import ServedModel
from amphitrite.triton.spec import ModelSpec
from amphitrite.triton.status import NOT_READY, ModelStatus

logger = logging.getLogger(__name__)

T = TypeVar("T")

LOOK_UP_SECONDS: Final = 3.0
"""Time between two look-ups of the servers' names."""
_AT_ONCE: Final = 16  # servers that are asked about their models at the same time


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
        self._models: dict[str, ServedModel] = {}
        self._lock = threading.Lock()  # of the models, and of who serves them all
        self._refreshing = threading.Lock()
        self._ended = threading.Event()
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
        with self._refreshing:
            _, left = self._members.replace({})
        _each(left, lambda member: member.connection.close())

    def model(self, expected: ModelSpec) -> ServedModel:
        """Return the served model after checking it on every server that is well.

        The first time, the run's model becomes the one that most servers serve.

        Raises
        ------
        ServerUnreachable, ModelNotReady, InferenceTimeout
            No server serves the model.
        SpecMismatch
            No server serves the expected model, or the one with which the run began; or
            a server has changed it although no request to that server had failed, so
            that it may have answered with either.
        """
        self._refresh()
        if expected.name in self._models:
            self._confirm(self._models[expected.name])
        else:
            self._meet(expected)
        return self._models[expected.name]

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
            raise self._failure()
        found = _each(members, lambda member: member.connection.status(names))
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
            request.answer.set_exception(self._failure())
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
        self._end(turn)
        error = sent.exception()
        if error is None:
            self._members.answered(turn)
            request.answer.set_result(sent.result())
            return
        if isinstance(error, RETRYABLE) and not self._ended.is_set():
            self._failed(turn, error)
            request.failures.append(error)
            # a request that fails wherever it goes is not sent round for ever
            if len(request.failures) < 2 * max(1, len(self._members.of())):
                self._later(partial(self._send_again, request))
                return
        request.answer.set_exception(error)

    def _send_again(self, request: _Request) -> None:
        try:
            self._send(request)
        except BaseException as error:  # a caller must never be left waiting
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

    def _failed(self, turn: Turn, failure: errors.ServerError) -> None:
        """Let a server rest, and look aside whether it comes back."""
        resting = self._members.failed(turn, failure)
        if resting is None:
            return
        pause, is_news = resting
        if is_news:
            logger.warning(
                "%s\nWhat was asked there goes to the other servers of %s.",
                failure,
                self.url,
            )
        self._look_after(turn.member, pause)
        self._soon.set()

    def _look_after(self, member: Member, pause: float) -> None:
        """Ask a server aside, again and again, until it is well."""

        def looking() -> None:
            rest = pause
            while not self._ended.wait(rest) and not member.gone:
                if self._is_well(member):
                    return
                rest = min(2 * max(rest, 0.1), LONGEST_PAUSE)

        threading.Thread(target=looking, daemon=True).start()

    def _is_well(self, member: Member) -> bool:
        """Check all of the run's models on a server; note what is found."""
        names = list(self._models)
        try:
            for name in names:
                run = self._models[name]
                check_agrees(member.connection.model(run.spec), run)
        except errors.ServerError as error:
            self._set_aside(member, error)
            return False
        except ValueError:  # gRPC's: the connection was closed meanwhile
            return False
        with self._lock:
            if list(self._models) != names:
                return False
            if self._members.bring_back(member):
                logger.info("the server at %s serves again", member.url)
            return True

    def _set_aside(self, member: Member, error: errors.ServerError) -> None:
        """Send a server no requests; report once that it serves other models."""
        other = isinstance(error, errors.SpecMismatch)
        state = State.OTHER if other else State.RESTING
        if self._members.set_aside(member, state, error) and other:
            logger.warning("%s\nThe server at %s is left out.", error, member.url)

    def _meet(self, expected: ModelSpec) -> None:
        """Choose the run's model, among the servers that are well or new."""
        members = self._members.of(State.NEW, State.WELL)
        found = dict(zip(members, self._models_on(members, expected), strict=True))
        served = [m for m in found.values() if isinstance(m, ServedModel)]
        if not served:
            raise self._failure([e for e in found.values() if isinstance(e, Exception)])
        run = agreed(served, self)
        with self._lock:
            self._models[expected.name] = run
            # some may have become well since, and were not asked for this model
            late = [
                m for m in self._members.of(State.NEW, State.WELL) if m not in found
            ]
            for member in late:
                self._members.set_aside(
                    member, State.RESTING, errors.ModelNotReady("not yet asked")
                )
        for member, result in found.items():
            try:
                if isinstance(result, errors.ServerError):
                    raise result
                check_agrees(result, run)
            except errors.ServerError as error:
                if not isinstance(error, errors.SpecMismatch):
                    logger.warning("%s\nThe run begins without it.", error)
                self._set_aside(member, error)
            else:
                self._members.bring_back(member)
        for member in self._members.of(State.RESTING, State.OTHER):
            if member in found or member in late:
                self._look_after(member, member.pause)

    def _confirm(self, run: ServedModel) -> None:
        """Check that servers that are well serve a model unchanged, and that one is."""
        members = self._members.of(State.WELL)
        turns = [Turn(member, member.returns) for member in members]
        for turn, now in zip(turns, self._models_on(members, run.spec), strict=True):
            if isinstance(now, ServedModel):
                check_agrees(now, run)
            elif isinstance(now, errors.SpecMismatch):
                raise now
            else:
                self._failed(turn, now)
        if self._members.of(State.WELL):
            return
        _each(self._members.of(), self._is_well)
        if not self._members.of(State.WELL):
            raise self._failure()

    def _models_on(
        self, members: Sequence[Member], spec: ModelSpec
    ) -> list[ServedModel | errors.ServerError]:
        return _each(members, lambda member: member.connection.model(spec))

    def _failure(
        self, failures: Sequence[errors.ServerError] = ()
    ) -> errors.ServerError:
        """Return the error that says why no server takes a request."""
        members = self._members.of()
        if not members:
            return self._names.failure()
        if any(member.state is State.WELL for member in members):
            members = [member for member in members if member.state is State.WELL]
        found = [*failures, *(m.failure for m in members if m.failure is not None)]
        passing = [error for error in found if isinstance(error, RETRYABLE)]
        last = (passing or found or [errors.ModelNotReady("none has answered yet")])[-1]
        if len(members) == 1:
            return last
        return type(last)(
            f"none of the {len(members)} servers of {self.url} takes requests for this "
            f"run; one of them: {last}"
        )

    def _keep_looking_up(self) -> None:
        """Look the names up every few seconds, and soon after a failure."""
        while not self._ended.is_set():
            self._soon.wait(LOOK_UP_SECONDS)
            self._soon.clear()
            self._refresh()
            self._ended.wait(LOOK_UP_SECONDS / 10)

    def _refresh(self) -> None:
        """Take in the servers that names stand for now, and let the others go."""
        with self._refreshing:
            if self._ended.is_set():
                return
            new, left = self._members.replace(self._names.addresses())
        for member in left:
            logger.info("the server at %s has left", member.url)
            if not member.in_flight:
                self._later(member.connection.close)
        if self._models:
            for member in new:
                self._look_after(member, 0.0)


def _each(
    members: Iterable[Member], ask: Callable[[Member], T]
) -> list[T | errors.ServerError]:
    """Return what each of some servers answers to a question, or how it fails."""

    def asked(member: Member) -> T | errors.ServerError:
        try:
            return ask(member)
        except errors.ServerError as error:
            return error

    members = list(members)
    if not members:
        return []
    with ThreadPoolExecutor(min(_AT_ONCE, len(members))) as pool:
        return list(pool.map(asked, members))
