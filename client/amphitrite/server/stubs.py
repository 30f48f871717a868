"""Processes that run a server's models, and died before the server could tell.

Triton waits for ever for the answer of such a process, dead or alive.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

# Triton itself ends and buries such a process, in a moment, when a model is refused
UNBURIED_SECONDS: Final = 1.0
# fields of /proc/PID/stat, counted from the one after the program's name
_STATE, _PARENT, _EXIT = 0, 1, 49


class Watch:
    """Looks out for children of a server that ended and that it does not notice.

    Parameters
    ----------
    server : int
        The server's process.
    """

    def __init__(self, server: int) -> None:
        self._server = server
        self._since: dict[int, float] = {}

    def death(self) -> str | None:
        """Say how a child ended a while ago; None if all are well."""
        now = time.monotonic()
        dead = dict(_dead_children(self._server))
        self._since = {pid: self._since.get(pid, now) for pid in dead}
        for pid, since in self._since.items():
            if now - since >= UNBURIED_SECONDS:
                return dead[pid]
        return None


def _dead_children(parent: int) -> Iterator[tuple[int, str]]:
    """Give each child that has ended and was not waited for, and how it ended."""
    for entry in Path("/proc").iterdir():
        if not entry.name.isdecimal():
            continue
        with contextlib.suppress(OSError, IndexError, ValueError):
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
            if int(fields[_PARENT]) == parent and fields[_STATE] == "Z":
                yield int(entry.name), _ending(int(fields[_EXIT]))


def _ending(status: int) -> str:
    """Put a process's exit status in words."""
    if os.WIFSIGNALED(status):
        return f"killed by {signal.Signals(os.WTERMSIG(status)).name}"
    return f"exit status {os.waitstatus_to_exitcode(status)}"
