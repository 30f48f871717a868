"""Processes that load and run a server's models, and died before it could tell.

Triton waits for ever for the answer of such a process, dead or alive.
"""

from __future__ import annotations

import contextlib
import os
import re
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

# Triton itself ends and buries such a process, in a moment, when a model is refused
UNBURIED_SECONDS: Final = 1.0
# fields of /proc/PID/stat, counted from the one after the program's name
_STATE, _PARENT, _EXIT = 0, 1, 49
_MODEL: Final = re.compile(r"/models/([^/\0]+)/\d+/model\.onnx\0")


class Watch:
    """Looks out for children of a server that died and that it does not notice.

    Parameters
    ----------
    server : int
        The server's process.
    """

    def __init__(self, server: int) -> None:
        self._server = server
        self._models: dict[int, str] = {}
        self._dead_since: dict[int, float] = {}

    def death(self) -> str | None:
        """Say which child died a while ago, and how; None if all are well."""
        now = time.monotonic()
        dead = {}
        for pid, ending in _children(self._server):
            if ending is not None:
                dead[pid] = ending
            elif pid not in self._models:
                self._models.update(_model_of(pid))
        self._dead_since = {pid: self._dead_since.get(pid, now) for pid in dead}
        for pid, since in self._dead_since.items():
            if now - since >= UNBURIED_SECONDS:
                model = self._models.get(pid, "a model")
                return f"the process that was loading {model} {dead[pid]}"
        return None


def _children(parent: int) -> Iterator[tuple[int, str | None]]:
    """Give each child of a process, and how it ended if nobody has buried it."""
    for entry in Path("/proc").iterdir():
        if not entry.name.isdecimal():
            continue
        with contextlib.suppress(OSError, IndexError, ValueError):
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
            if int(fields[_PARENT]) == parent:
                dead = fields[_STATE] == "Z"
                yield int(entry.name), _ending(int(fields[_EXIT])) if dead else None


def _model_of(pid: int) -> dict[int, str]:
    """Return which model a process loads, if its command line tells."""
    with contextlib.suppress(OSError):
        if found := _MODEL.search(Path(f"/proc/{pid}/cmdline").read_text()):
            return {pid: f"'{found[1]}'"}
    return {}


def _ending(status: int) -> str:
    """Put a process's exit status in words."""
    code = os.waitstatus_to_exitcode(status)
    if code == -signal.SIGKILL:
        return "was killed by SIGKILL, as Linux does where memory is short"
    if code < 0:
        return f"was killed by {signal.Signals(-code).name}"
    return f"ended with exit status {code}"
