"""Detection of dead child processes that load and run a server's models.

Triton waits for ever for the answer of such a process, even if it has died.
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

# After refusing a model, Triton ends its process and collects the exit status at once
UNBURIED_SECONDS: Final = 1.0
# fields of /proc/PID/stat, counted from the one after the program's name
_STATE, _PARENT, _EXIT = 0, 1, 49
_MODEL: Final = re.compile(r"/models/([^/\0]+)/\d+/model\.onnx\0")


class Watch:
    """Watches for child processes of a server that died without the server noticing.

    Parameters
    ----------
    server : int
        Process number of the server.
    """

    def __init__(self, server: int) -> None:
        self._server = server
        self._models: dict[int, str] = {}
        self._dead_since: dict[int, float] = {}

    def death(self) -> str | None:
        """Return a text on a child that has been dead for a while; None without one."""
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
    """Yield each child's process number, and how it ended if it is a zombie."""
    for entry in Path("/proc").iterdir():
        if not entry.name.isdecimal():
            continue
        with contextlib.suppress(OSError, IndexError, ValueError):
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
            if int(fields[_PARENT]) == parent:
                dead = fields[_STATE] == "Z"
                yield int(entry.name), _ending(int(fields[_EXIT])) if dead else None


def _model_of(pid: int) -> dict[int, str]:
    """Return the model that a process loads, by process number; empty if unknown."""
    with contextlib.suppress(OSError):
        if found := _MODEL.search(Path(f"/proc/{pid}/cmdline").read_text()):
            return {pid: f"'{found[1]}'"}
    return {}


def _ending(status: int) -> str:
    """Return a text on a process's exit status."""
    code = os.waitstatus_to_exitcode(status)
    if code == -signal.SIGKILL:
        return "was killed by SIGKILL, as Linux does where memory is short"
    if code < 0:
        return f"was killed by {signal.Signals(-code).name}"
    return f"ended with exit status {code}"
