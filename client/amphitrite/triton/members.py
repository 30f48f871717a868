"""The servers of a fleet, and which of them takes the next request."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Final, NamedTuple

from amphitrite.errors import QueueFull, ServerError
from amphitrite.triton.connection import Connection

FIRST_PAUSE: Final = 0.25
"""Seconds that a server rests after its first failure."""
LONGEST_PAUSE: Final = 5.0
"""Seconds that it rests after many failures without an answer between them."""


class State(Enum):
    """The state of a server."""

    NEW = "not yet asked"
    WELL = "takes requests"
    RESTING = "has failed"
    OTHER = "serves other models than the run's"


@dataclass(eq=False)
class Member:
    """One server of a fleet; changed by `Members` alone.

    Parameters
    ----------
    url : str
        Its address.
    connection : Connection
        The connection to it.
    state : State
        Whether it takes requests.
    in_flight : int
        Requests sent to it and not yet answered.
    taken : int
        Number of the request, of all requests of the fleet, that it took last.
    returns : int
        How often it has become well; a failure of a request that was sent before its
        last return says nothing of it now.
    pause : float
        Seconds that it rests after its next failure.
    full_until : float
        Time, as of `time.monotonic`, until which its queue is taken for full.
    failure : ServerError, optional
        Why it does not take requests.
    warned : bool
        Whether its failure was reported since its last answer.
    gone : bool
        Whether its name no longer stands for it.
    """

    url: str
    connection: Connection
    state: State = State.NEW
    in_flight: int = 0
    taken: int = 0
    returns: int = 0
    pause: float = FIRST_PAUSE
    full_until: float = 0.0
    failure: ServerError | None = None
    warned: bool = False
    gone: bool = False


class Turn(NamedTuple):
    """The choice of a server for one request."""

    member: Member
    returns: int


class Members:
    """The servers of a fleet; from any thread.

    Parameters
    ----------
    join : callable
        Returns a connection to an address, given with the name that the server's
        certificate has, empty for the address's own.
    """

    def __init__(self, join: Callable[[str, str], Connection]) -> None:
        self._join = join
        self._lock = threading.Lock()
        self._members: dict[str, Member] = {}
        self._taken = 0

    def replace(self, names: Mapping[str, str]) -> tuple[list[Member], list[Member]]:
        """Let the fleet consist of some addresses, given with their names.

        While none of them is well, those that are go on.

        Returns
        -------
        tuple of two lists of Member
            The new ones, and those that left, whose connections are still open.
        """
        with self._lock:
            new = [
                Member(url, self._join(url, name))
                for url, name in names.items()
                if url not in self._members
            ]
            well = {u for u, m in self._members.items() if m.state is State.WELL}
            gone = self._members.keys() - names.keys()
            left = self._without(gone if well & names.keys() else gone - well)
            self._members |= {member.url: member for member in new}
        return new, left

    def clear(self) -> list[Member]:
        """Remove all members, and return them."""
        with self._lock:
            return self._without(set(self._members))

    def of(self, *states: State) -> list[Member]:
        """Return the members in some states, or all."""
        with self._lock:
            return [
                m for m in self._members.values() if not states or m.state in states
            ]

    def take(self) -> Turn | None:
        """Choose the least busy server for a request; None if none takes one."""
        now = time.monotonic()
        with self._lock:
            free = [
                member
                for member in self._members.values()
                if member.state is State.WELL and member.full_until <= now
            ]
            if not free:
                return None
            member = min(free, key=lambda member: (member.in_flight, member.taken))
            self._taken += 1
            member.taken = self._taken
            member.in_flight += 1
            return Turn(member, member.returns)

    def give_back(self, turn: Turn) -> bool:
        """End a turn; return whether the server has left and has no other request."""
        member = turn.member
        with self._lock:
            member.in_flight -= 1
            return member.gone and not member.in_flight

    def answered(self, turn: Turn) -> None:
        """Note an answer: after its next failure a server rests shortly again."""
        member = turn.member
        if member.pause > FIRST_PAUSE or member.warned:
            with self._lock:
                member.pause, member.warned = FIRST_PAUSE, False

    def failed(self, turn: Turn, failure: ServerError) -> tuple[float, bool] | None:
        """Note that a request failed; return None if the server goes on.

        Returns
        -------
        tuple of (float, bool), optional
            If the server rests from now on: seconds until it is asked again, and
            whether its failure is still to be reported.
        """
        member = turn.member
        with self._lock:
            if member.state is not State.WELL or member.returns != turn.returns:
                return None
            pause = self._next_pause(member)
            member.failure = failure
            if isinstance(failure, QueueFull):
                member.full_until = time.monotonic() + pause
                return None
            member.state = State.RESTING
            first, member.warned = not member.warned, True
            return pause, first

    def set_aside(
        self,
        member: Member,
        state: State,
        failure: ServerError,
        returns: int | None = None,
    ) -> bool:
        """Send a server no more requests; return whether that is news.

        With ``returns``, those of the server when it was asked, nothing changes if it
        has become well since.
        """
        with self._lock:
            if returns not in (None, member.returns):
                return False
            news = member.state is not state or str(member.failure) != str(failure)
            member.state, member.failure = state, failure
            return news

    def bring_back(self, member: Member) -> bool:
        """Send a server requests again; return whether it did not get any before."""
        with self._lock:
            if member.state is State.WELL:
                return False
            member.state, member.failure = State.WELL, None
            member.full_until = 0.0
            member.returns += 1
            return True

    def _without(self, urls: set[str]) -> list[Member]:
        left = [self._members.pop(url) for url in sorted(urls)]
        for member in left:
            member.gone = True
        return left

    def _next_pause(self, member: Member) -> float:
        pause = member.pause
        member.pause = min(2 * pause, LONGEST_PAUSE)
        return pause
