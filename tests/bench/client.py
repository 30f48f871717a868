"""Run the command line, or a peer, as a user does, and tell what it took."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_POLL_SECONDS = 0.02


@dataclass(frozen=True)
class Used:
    """What one command took.

    ``wall`` is in s, Python's start included; ``processor`` the s of processors' time,
    that of a server of its own included; ``peak_gib`` the largest resident memory of
    the process itself.
    """

    wall: float
    processor: float
    peak_gib: float
    answer: dict[str, Any]


def amphitrite(
    *arguments: object, watch: Callable[[int], None] = lambda pid: None
) -> Used:
    """Run ``amphitrite``, with ``--json`` and ``--quiet``, to its end.

    ``watch`` is called with the process's id again and again while it runs.
    """
    words = ("-m", "amphitrite", *map(str, arguments), "--json", "--quiet")
    return python(*words, watch=watch)


def python(*words: str, watch: Callable[[int], None] = lambda pid: None) -> Used:
    """Run this Python on something that prints one line of JSON, to its end."""
    began = time.perf_counter()
    process = subprocess.Popen([sys.executable, *words], stdout=subprocess.PIPE)
    peak = 0.0
    while not (ended := os.wait4(process.pid, os.WNOHANG))[0]:
        peak = max(peak, peak_gib(process.pid))
        watch(process.pid)
        time.sleep(_POLL_SECONDS)
    wall = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(ended[1])
    assert process.stdout is not None
    with process.stdout as answer:
        said = answer.read()  # one line of JSON, which the pipe has room for
    if process.returncode:
        raise SystemExit(f"the command failed with {process.returncode}")
    return Used(wall, ended[2].ru_utime + ended[2].ru_stime, peak, json.loads(said))


def peak_gib(pid: int) -> float:
    """Return the largest resident memory of a running process so far, GiB.

    The one in a child's resource usage would do only for small parents: it starts with
    the memory of the process that the child was forked from.
    """
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 2**20
    return 0.0  # it has just ended
