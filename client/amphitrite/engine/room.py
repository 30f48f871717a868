"""How many requests may be in flight where servers have no room for more."""

from __future__ import annotations

import logging
import time
from typing import Final

from amphitrite.engine.control import Limits
from amphitrite.errors import QueueFull

logger = logging.getLogger(__name__)

FIRST_PAUSE: Final = 0.25
LONGEST_PAUSE: Final = 5.0
"""Seconds to wait where not one request was taken."""


class Room:
    """The number of requests that may be in flight.

    A full queue lowers it to what was taken, and answers raise it again, one by one.

    Parameters
    ----------
    limits : Limits
        The highest number, and how long to wait for a queue that stays full.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._size = float(limits.in_flight)
        self._pause = FIRST_PAUSE
        self._full_since: float | None = None
        self._told = False

    @property
    def size(self) -> int:
        """The number of requests that may be in flight now; at least 1."""
        return int(self._size)

    def answered(self) -> None:
        """Note an answer; after as many as are in flight, one more may be sent."""
        self._full_since, self._pause = None, FIRST_PAUSE
        self._size = min(self._limits.in_flight, self._size + 1 / self._size)

    def refused(self, failure: QueueFull, n_taken: int) -> None:
        """Have no more requests in flight than were taken; wait if none was.

        Parameters
        ----------
        failure : QueueFull
            Why a request was refused; reported once.
        n_taken : int
            Requests that are in flight still.

        Raises
        ------
        QueueFull
            No request was taken for longer than the patience allows.
        """
        if not self._told:
            self._told = True
            logger.warning("%s\nGoing on with fewer requests at once.", failure)
        self._size = max(1.0, n_taken)
        if n_taken:
            return
        now = time.monotonic()
        if self._full_since is None:
            self._full_since = now
        if now + self._pause > self._full_since + self._limits.patience:
            raise failure
        time.sleep(self._pause)
        self._pause = min(2 * self._pause, LONGEST_PAUSE)
