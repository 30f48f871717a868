"""The process that starts a local Triton server, and stops it with its caller.

It runs as a script with the standard library alone:
``python -I -S supervisor.py PID PLACE``.  It creates a folder for the run in PLACE and
reports it, reads one line of JSON (the job), starts the server, and waits.
It stops the server and removes the folder when its standard input closes, on SIGTERM,
or when the process PID is no longer its parent.  The server therefore ends with its
caller, even if that is killed with SIGKILL.  If the supervisor itself is killed, the
kernel kills the server; and since the locks of the run end with the supervisor, the
next run sees that the folder is abandoned.

Only the user can access a run's folder, sockets, log and shared memory.

On standard output it reports, one JSON object per line, ``{"folder": ...}``, then
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
PERIOD: Final = 0.1  # seconds between two checks of the parent and the server
SHARED_MEMORY: Final = Path("/dev/shm")
OPEN_FILES: Final = 65536  # more than any server needs
PR_SET_PDEATHSIG: Final = 1
PR_SET_NO_NEW_PRIVS: Final = 38


def sweep(folder: Path, shm_prefix: str) -> None:
    """Remove the folder and the shared memory of a server."""
    sweep_shared_memory(shm_prefix)
    shutil.rmtree(folder, ignore_errors=True)


def sweep_shared_memory(shm_prefix: str) -> None:
    """Remove the shared memory of one server."""
    for region in SHARED_MEMORY.glob(f"{shm_prefix}*"):
        with contextlib.suppress(OSError):
            region.unlink()


def shm_prefix(folder: Path) -> str:
    """Return the prefix of names in shared memory of the server with this folder."""
    return folder.name.replace("-", "_") + "_"


def locks(folder: Path) -> list[Path]:
    """Return the files that a run keeps locked, in its folder and in shared memory.

    The second remains if somebody else removes the folder, as batch systems do.
    """
    return [folder / LOCK, SHARED_MEMORY / f"{shm_prefix(folder)}{LOCK}"]


def hold(lock: Path) -> None:
    """Create a file that is locked as long as this process lives.

    It gets its name only when it is locked, so that no other process takes it for
    abandoned.
    """
    new = lock.with_name(f"{lock.name}.new")
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    # on a file system without locks, no process can take it for abandoned either
    with contextlib.suppress(OSError):
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    new.rename(lock)


class Supervisor:
    """Watches the parent process and the server.

    Parameters
    ----------
    parent : int
        Number of the process that started the supervisor.
    """

    def __init__(self, parent: int) -> None:
        self.parent = parent
        self.released = False
        self.heard = b""
        for number in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._release)
        # Ctrl-C is for the parent, which then stops the server
        signal.signal(signal.SIGINT, signal.SIG_IGN)

    def _release(self, *_: object) -> None:
        self.released = True

    def wanted(self, seconds: float) -> bool:
        """Wait up to `seconds` for input; return whether the server is still wanted."""
        if not self.released:
            readable, _, _ = select.select([sys.stdin], [], [], seconds)
            if readable:
                heard = os.read(sys.stdin.fileno(), 65536)
                self.heard += heard
                self.released |= not heard
            # forked children of a dead parent keep the pipe open
            self.released |= os.getppid() != self.parent
        return not self.released

    def job(self) -> dict[str, Any] | None:
        """Return the job, once it has arrived; None if the parent ends before."""
        while b"\n" not in self.heard:
            if not self.wanted(PERIOD):
                return None
        job: dict[str, Any] = json.loads(self.heard)
        return job

    def run(self, job: dict[str, Any], log: IO[bytes]) -> None:
        """Start the server, watch it, and stop it."""
        try:
            server = start(job, log)
        except OSError as error:  # its text names the program
            sys.exit(str(error))
        say(pid=server.pid)
        try:
            while self.wanted(PERIOD) and not has_ended(server.pid):
                pass
        finally:
            by_itself = not self.released
            code = stop(server, job["grace"])
        if by_itself:
            say(exit=code)
            while self.wanted(PERIOD):
                pass


def say(**facts: object) -> None:
    """Report values to the parent, if it still exists."""
    with contextlib.suppress(BrokenPipeError):
        sys.stdout.write(json.dumps(facts) + "\n")
        sys.stdout.flush()


def start(job: dict[str, Any], log: IO[bytes]) -> subprocess.Popen[bytes]:
    """Return the server's process, started in a process group of its own.

    Its working directory is empty, because Triton's Python stub searches the working
    directory first, and would run a ``model.py`` there as the backend.
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
    """Make shared memory of this process and its children unreadable for others.

    The library that creates Triton's shared memory sets its mode to 0644 by ``fchmod``,
    whatever the umask, so that everybody on the machine could read requests and
    answers.  A filter of system calls, which needs no privilege, makes this call
    succeed without any effect.  Where the kernel has no such filters (seccomp), the
    mode stays, and the launcher logs a warning.
    """
    load, equal, end = 0x20, 0x15, 0x06
    x86_64, fchmod, mode = 0xC000003E, 91, 0o644
    succeed, allow = 0x00050000, 0x7FFF0000
    steps = (
        # instruction, steps to skip if equal, steps to skip if not, operand
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
    # without the last flag, older kernels slow down filtered processes
    libc.syscall(seccomp, set_filter, speculate, program)


def raise_open_files() -> None:
    """Raise the limit of open files to the highest one that this user may have."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = OPEN_FILES if hard == resource.RLIM_INFINITY else min(hard, OPEN_FILES)
    if soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


def has_ended(pid: int) -> bool:
    """Return whether a child has ended; its exit status is not collected."""
    options = os.WEXITED | os.WNOHANG | os.WNOWAIT
    return os.waitid(os.P_PID, pid, options) is not None


def stop(server: subprocess.Popen[bytes], grace: float) -> int:
    """Stop the server and its stubs, and return the server's exit status.

    SIGTERM comes first, SIGKILL after `grace` seconds; at once if that is 0.
    """
    if grace and not has_ended(server.pid):
        server.terminate()
        end = time.monotonic() + grace
        while time.monotonic() < end and not has_ended(server.pid):
            time.sleep(0.02)
    # the group's number cannot be reused until the server's status is collected
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(server.pid, signal.SIGKILL)
    return server.wait()


def main() -> None:
    """Supervise one server for one parent."""
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
