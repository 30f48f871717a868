"""Which servers of a fleet serve the models of the run, checked again and again."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar

from amphitrite import errors
from amphitrite.triton.failures import RETRYABLE
from amphitrite.triton.members import LONGEST_PAUSE, Member, Members, State, Turn
from amphitrite.triton.run_state import agreed, check_agrees
from amphitrite.triton.served import ServedModel, Server
from amphitrite.triton.spec import ModelSpec

logger = logging.getLogger(__name__)

T = TypeVar("T")

_AT_ONCE: Final = 16  # servers that are asked about their models at the same time


class Attendance:
    """The models of a run, and the check of the servers that serve them.

    A server that failed rests.  A thread of its own asks it about all of the run's
    models, first soon and then more seldom, until it may have requests again.

    Parameters
    ----------
    fleet : Server
        What stands for all the servers.
    members : Members
        The servers.
    ended : threading.Event
        Whether the fleet is closed.

    Attributes
    ----------
    models : dict of str to ServedModel
        The run's models by their names.
    """

    def __init__(self, fleet: Server, members: Members, ended: threading.Event) -> None:
        self.models: dict[str, ServedModel] = {}
        self._fleet = fleet
        self._members = members
        self._ended = ended
        self._lock = threading.Lock()  # of the models, and of who serves them all

    def failed(self, turn: Turn, failure: errors.ServerError) -> bool:
        """Let a server rest, and look aside whether it comes back.

        Returns
        -------
        bool
            Whether the failure makes it rest.
        """
        resting = self._members.failed(turn, failure)
        if resting is None:
            return False
        pause, is_news = resting
        if is_news:
            logger.warning(
                "%s\nWhat was asked there goes to the other servers of %s.",
                failure,
                self._fleet.url,
            )
        self.look_after(turn.member, pause)
        return True

    def look_after(self, member: Member, pause: float) -> None:
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
        names, returns = list(self.models), member.returns
        try:
            for name in names:
                run = self.models[name]
                check_agrees(member.connection.model(run.spec), run)
        except errors.ServerError as error:
            self._set_aside(member, error, returns)
            return False
        except ValueError:  # gRPC's: the connection was closed meanwhile
            return False
        with self._lock:
            if list(self.models) != names:
                return False
            if self._members.bring_back(member):
                logger.info("the server at %s serves again", member.url)
            return True

    def _set_aside(
        self, member: Member, error: errors.ServerError, returns: int | None = None
    ) -> None:
        """Send a server no requests; report once that it serves other models."""
        other = isinstance(error, errors.SpecMismatch)
        state = State.OTHER if other else State.RESTING
        if self._members.set_aside(member, state, error, returns) and other:
            logger.warning("%s\nThe server at %s is left out.", error, member.url)

    def meet(self, expected: ModelSpec) -> None:
        """Choose the run's model, among those of the servers that are well.

        Raises
        ------
        ServerError
            No server serves it.
        """
        # once there are models, new servers are asked aside about all of them
        members = self._members.of(State.WELL if self.models else State.NEW)
        found = dict(zip(members, self._models_on(members, expected), strict=True))
        served = [m for m in found.values() if isinstance(m, ServedModel)]
        if not served:
            raise self.failure([e for e in found.values() if isinstance(e, Exception)])
        run = agreed(served, self._fleet)
        with self._lock:
            self.models[expected.name] = run
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
                self.look_after(member, member.pause)

    def confirm(self, run: ServedModel) -> None:
        """Check that servers that are well serve a model unchanged, and that one is.

        Raises
        ------
        AnswersMixed
            A server has changed it although no request to it had failed, so that it may
            have answered with either.
        ServerError
            No server is well.
        """
        members = self._members.of(State.WELL)
        turns = [Turn(member, member.returns) for member in members]
        for turn, now in zip(turns, self._models_on(members, run.spec), strict=True):
            try:
                if isinstance(now, errors.ServerError):
                    raise now
                check_agrees(now, run)
            except errors.SpecMismatch as error:
                raise errors.AnswersMixed(f"{error}. Start the run anew.") from None
            except errors.ServerError as error:
                self.failed(turn, error)
        if self._members.of(State.WELL):
            return
        each(self._members.of(), self._is_well)
        if not self._members.of(State.WELL):
            raise self.failure()

    def _models_on(
        self, members: Sequence[Member], spec: ModelSpec
    ) -> list[ServedModel | errors.ServerError]:
        return each(members, lambda member: member.connection.model(spec))

    def failure(
        self, failures: Sequence[errors.ServerError] = ()
    ) -> errors.ServerError:
        """Return the error that says why no server takes a request."""
        members = self._members.of()
        if any(member.state is State.WELL for member in members):
            members = [member for member in members if member.state is State.WELL]
        found = [*failures, *(m.failure for m in members if m.failure is not None)]
        found = (
            [e for e in found if isinstance(e, RETRYABLE)]
            or [e for e in found if not isinstance(e, errors.SpecMismatch)]
            or found
        )
        last = found[-1] if found else errors.ModelNotReady("none has answered yet")
        if len(members) == 1:
            return last
        return type(last)(
            f"none of the {len(members)} servers of {self._fleet.url} takes requests "
            f"for this run; one of them: {last}"
        )


def each(
    members: Iterable[Member], ask: Callable[[Member], T]
) -> list[T | errors.ServerError]:
    """Return what each of some servers answers to a question, or how it fails."""

    def asked(member: Member) -> T | errors.ServerError:
        try:
            return ask(member)
        except errors.ServerError as error:
            return error
        except ValueError:  # gRPC's: the connection was closed meanwhile
            if not member.gone:
                raise
            return errors.ServerUnreachable(f"the server at {member.url} has left")

    members = list(members)
    if not members:
        return []
    with ThreadPoolExecutor(min(_AT_ONCE, len(members))) as pool:
        return list(pool.map(asked, members))
