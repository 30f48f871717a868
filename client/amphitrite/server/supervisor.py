"""The process that owns a local Triton server and never outlives its purpose.

Run as a script, with the standard library alone: ``python -I -S supervisor.py PID``.
It makes a folder for the run and says where; reads one line of JSON, the job; starts
the server; and waits.  It stops the server and sweeps up when its standard input
closes, on SIGTERM, or when the process PID is no longer its parent: so the server ends
with whoever asked for it, even if that one is killed with SIGKILL.  Should the
supervisor itself be killed, the kernel kills the server.

On standard output it says, one JSON object a line, ``{"folder": ...}``, then
``{"pid": ...}``, and ``{"exit": ...}`` if the server ends by itself; the folder, with
the log, stays until standard input closes.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import IO, Any, Final

PREFIX: Final = "amphitrite-triton-"
GRACE: Final = 10.0  # seconds from SIGTERM to SIGKILL; the server gives up after 5
PERIOD: Final = 0.1  # seconds between looks at the parent and the server
SHARED_MEMORY: Final = Path("/dev/shm")
PR_SET_PDEATHSIG: Final = 1


def sweep(folder: Path, shm_prefix: str) -> None:
    """Remove what a server leaves behind: its folder and its shared memory."""
    if SHARED_MEMORY.is_dir():
        for region in SHARED_MEMORY.glob(f"{shm_prefix}*"):
            region.unlink(missing_ok=True)
    shutil.rmtree(folder, ignore_errors=True)


def shm_prefix(folder: Path) -> str:
    """Return the prefix of the shared memory of the server that runs in a folder."""
    return folder.name.replace("-", "_") + "_"


class Supervisor:
    """Watches a parent and a server.

    Parameters
    ----------
    parent : int
        Process that asked for the server.
    """

    def __init__(self, parent: int) -> None:
        self.parent = parent
        self.released = False
        self.heard = b""
        for number in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._release)
        # Ctrl-C is for the parent, which then lets go of the server
        signal.signal(signal.SIGINT, signal.SIG_IGN)

    def _release(self, *_: object) -> None:
        self.released = True

    def wanted(self, seconds: float) -> bool:
        """Listen for a while, and tell whether someone still wants the server."""
        if not self.released:
            readable, _, _ = select.select([sys.stdin], [], [], seconds)
            if readable:
                heard = os.read(sys.stdin.fileno(), 65536)
                self.heard += heard
                self.released |= not heard
            # the pipe also stays open in forked children of a parent that died
            self.released |= os.getppid() != self.parent
        return not self.released

    def job(self) -> dict[str, Any] | None:
        """Wait for the job; None if it never comes."""
        while b"\n" not in self.heard:
            if not self.wanted(PERIOD):
                return None
        job: dict[str, Any] = json.loads(self.heard)
        return job

    def run(self, job: dict[str, Any], log: IO[bytes]) -> None:
        """Start the server and stay with it to its end."""
        server = start(job, log)
        say(pid=server.pid)
        try:
            while self.wanted(PERIOD) and not has_ended(server.pid):
                pass
        finally:
            by_itself = not self.released
            code = stop(server)
        if by_itself:
            say(exit=code)
            while self.wanted(PERIOD):
                pass


def say(**facts: object) -> None:
    """Tell the parent, if it is there to hear."""
    with contextlib.suppress(BrokenPipeError):
        sys.stdout.write(json.dumps(facts) + "\n")
        sys.stdout.flush()


def start(job: dict[str, Any], log: IO[bytes]) -> subprocess.Popen[bytes]:
    """Start the server in a process group of its own.

    Its working directory is empty, because Triton's Python stub searches the working
    directory first and would take a ``model.py`` there for the backend.
    """
    libc = ctypes.CDLL(None)
    return subprocess.Popen(
        job["command"],
        env=job["environ"],
        cwd=job["directory"],
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        # safe here: this process has one thread
        preexec_fn=lambda: libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL),
    )


def has_ended(pid: int) -> bool:
    """Tell whether a child has ended, leaving it to be waited for."""
    options = os.WEXITED | os.WNOHANG | os.WNOWAIT
    return os.waitid(os.P_PID, pid, options) is not None


def stop(server: subprocess.Popen[bytes]) -> int:
    """End the server and its stubs: SIGTERM, then SIGKILL; return its exit status."""
    if not has_ended(server.pid):
        server.terminate()
        end = time.monotonic() + GRACE
        while time.monotonic() < end and not has_ended(server.pid):
            time.sleep(0.02)
    # before the server is waited for, nobody else can get its group's number
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(server.pid, signal.SIGKILL)
    return server.wait()


def main() -> None:
    """Serve one parent."""
    supervisor = Supervisor(int(sys.argv[1]))
    folder = Path(tempfile.mkdtemp(prefix=PREFIX))
    try:
        say(folder=str(folder))
        job = supervisor.job()
        if job is not None:
            with Path(job["log"]).open("ab") as log:
                supervisor.run(job, log)
    finally:
        sweep(folder, shm_prefix(folder))


if __name__ == "__main__":
    main()
