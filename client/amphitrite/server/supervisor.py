"""The process that owns a local Triton server and never outlives its purpose.

Run as a script, with the standard library alone:
``python -I -S supervisor.py PID PLACE``.  It makes a folder for the run in PLACE and
says where; reads one line of JSON, the job; starts the server; and waits.
It stops the server and sweeps up when its standard input closes, on SIGTERM, or when
the process PID is no longer its parent: so the server ends with whoever asked for it,
even if that one is killed with SIGKILL.  Should the supervisor itself be killed, the
kernel kills the server; and since the locks of the run go with the supervisor, the next
run knows that the folder is nobody's any more.

All that a run makes is the user's alone: folder, sockets, log and shared memory.

On standard output it says, one JSON object a line, ``{"folder": ...}``, then
``{"pid": ...}``, and ``{"exit": ...}`` if the server ends by itself; the folder, with
the log, stays until standard input closes.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import json
import os
import resource
import select
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import IO, Any, Final

PREFIX: Final = "amphitrite-triton-"
LOCK: Final = "amphitrite.lock"  # in the run's folder, and in its shared memory
GRACE: Final = 10.0  # seconds from SIGTERM to SIGKILL; the server gives up after 5
PERIOD: Final = 0.1  # seconds between looks at the parent and the server
SHARED_MEMORY: Final = Path("/dev/shm")
OPEN_FILES: Final = 65536  # more is of no use to a server
PR_SET_PDEATHSIG: Final = 1
PR_SET_NO_NEW_PRIVS: Final = 38


def sweep(folder: Path, shm_prefix: str) -> None:
    """Remove what a server leaves behind: its folder and its shared memory."""
    sweep_shared_memory(shm_prefix)
    shutil.rmtree(folder, ignore_errors=True)


def sweep_shared_memory(shm_prefix: str) -> None:
    """Remove the shared memory of one server."""
    for region in SHARED_MEMORY.glob(f"{shm_prefix}*"):
        with contextlib.suppress(OSError):
            region.unlink()


def shm_prefix(folder: Path) -> str:
    """Return the prefix of the shared memory of the server that runs in a folder."""
    return folder.name.replace("-", "_") + "_"


def locks(folder: Path) -> list[Path]:
    """List the files that a run keeps locked: in its folder, in its shared memory.

    The second is for a folder that somebody else removed, as batch systems do.
    """
    return [folder / LOCK, SHARED_MEMORY / f"{shm_prefix(folder)}{LOCK}"]


def hold(lock: Path) -> None:
    """Make a file that is locked for as long as this process lives.

    It appears under its name when it is locked already, lest a process that looks for
    abandoned ones find it before.
    """
    new = lock.with_name(f"{lock.name}.new")
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    # where a file system has no locks, nobody can take it for abandoned either
    with contextlib.suppress(OSError):
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    new.rename(lock)


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

    def begin() -> None:
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        keep_shared_memory_private(libc)

    return subprocess.Popen(
        job["command"],
        env=job["environ"],
        cwd=job["directory"],
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        preexec_fn=begin,  # safe here: this process has one thread
    )


def keep_shared_memory_private(libc: ctypes.CDLL) -> None:
    """Let the umask count for shared memory, in this process and its children.

    The library that makes Triton's shared memory gives it the mode 0644 by ``fchmod``,
    whatever the umask is, so that everybody on the machine could read what is asked
    and answered.  From here on that very call does nothing and succeeds: a filter of
    system calls, which needs no privilege.  Where the kernel has no filters, the mode
    stays, and the launcher says so.
    """
    load, equal, end = 0x20, 0x15, 0x06
    x86_64, fchmod, mode = 0xC000003E, 91, 0o644
    succeed, allow = 0x00050000, 0x7FFF0000
    steps = (
        # what to do, how many steps to skip if equal and if not, with which operand
        (load, 0, 0, 4),  # the architecture
        (equal, 0, 5, x86_64),
        (load, 0, 0, 0),  # the number of the call
        (equal, 0, 3, fchmod),
        (load, 0, 0, 24),  # its second argument
        (equal, 0, 1, mode),
        (end, 0, 0, succeed),
        (end, 0, 0, allow),
    )
    code = b"".join(struct.pack("=HBBI", *step) for step in steps)
    buffer = ctypes.create_string_buffer(code, len(code))
    program = struct.pack("@HP", len(steps), ctypes.addressof(buffer))
    seccomp, set_filter, speculate = 317, 1, 4
    libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    # without the last flag, older kernels slow down what runs under a filter
    libc.syscall(seccomp, set_filter, speculate, program)


def raise_open_files() -> None:
    """Allow the server as many open files as the system lets this user have."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = OPEN_FILES if hard == resource.RLIM_INFINITY else min(hard, OPEN_FILES)
    if soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


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
    os.umask(0o077)
    raise_open_files()
    try:
        folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=sys.argv[2]))
    except OSError as error:
        sys.exit(str(error))
    try:
        for lock in locks(folder):
            hold(lock)
        say(folder=str(folder))
        job = supervisor.job()
        if job is not None:
            with Path(job["log"]).open("ab") as log:
                supervisor.run(job, log)
    finally:
        sweep(folder, shm_prefix(folder))


if __name__ == "__main__":
    main()
