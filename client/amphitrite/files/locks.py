"""Locks that let one run at a time use a folder, also on file systems without locks.

The operating system's lock ends with the process that holds it.  On a file system
without locks, a file that names the process replaces it.
"""

from __future__ import annotations

import errno
import fcntl
import json
import logging
import os
import socket
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

logger = logging.getLogger(__name__)

LOCK: Final = "lock"
"""Name of the file that is locked."""

_RUNNING: Final = "running"
NAMES: Final = (LOCK, _RUNNING, f"{_RUNNING}-*")
"""Patterns of the files that a lock makes in its folder."""

_HELD: Final = (errno.EWOULDBLOCK, errno.EAGAIN, errno.EACCES)
_UNKNOWN: Final = (
    *(errno.ENOSYS, errno.ENOLCK, errno.EINVAL),
    *(errno.ENOTSUP, errno.EOPNOTSUPP),
)


class Held(Exception):
    """Another run holds the lock; the message says which run, and what to do."""


class Lock:
    """The lock of a folder, held from its creation until it is released.

    Parameters
    ----------
    folder : Path
        The folder.

    Attributes
    ----------
    marks : bool
        Whether a file that names the process replaces the operating system's lock.

    Raises
    ------
    Held
        Another run holds the lock.
    FileNotFoundError
        The folder does not exist, or was removed.
    OSError
        The operating system refuses.
    """

    def __init__(self, folder: Path) -> None:
        path = folder / LOCK
        self._handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            self.marks = not self._locked(folder)
            # The previous holder may have removed the folder since it was opened.
            if os.fstat(self._handle).st_ino != path.stat().st_ino:
                raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path)
            if self.marks:
                _mark(folder / _RUNNING)
        except BaseException:
            os.close(self._handle)
            raise

    def release(self, folder: Path) -> None:
        """Release the lock; more than once does no harm.

        Parameters
        ----------
        folder : Path
            The locked folder, which may have been renamed meanwhile.
        """
        if self._handle < 0:
            return
        if self.marks:
            (folder / _RUNNING).unlink(missing_ok=True)
        os.close(self._handle)
        self._handle = -1

    def _locked(self, folder: Path) -> bool:
        """Lock; return False on a file system without locks."""
        try:
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno in _HELD:
                raise Held("wait for it, or give another --output") from None
            if error.errno not in _UNKNOWN:
                raise
            return False
        return True


def _mark(path: Path) -> None:
    """Write a file that names this process, unless another one runs."""
    logger.warning(
        "the file system of %s has no locks: a file '%s' in the run's folder says "
        "instead that the run is going on",
        path.parent.parent,
        path.name,
    )
    while True:
        try:
            with path.open("x") as file:
                json.dump(_this_process(), file)
            return
        except FileExistsError:
            _remove_stale(path)


def _remove_stale(path: Path) -> None:
    """Remove the file of a process that has ended; raise `Held` if it may still run."""
    try:
        text = path.read_text()
    except FileNotFoundError:
        return
    try:
        other = json.loads(text)
        ended = _has_ended(other)
        holder = f"process {other['pid']} on {other['host']} since {other['since']}"
    except (ValueError, KeyError, TypeError):
        ended, holder = False, f"{path} does not say which"
    if not ended:
        raise Held(
            f"{holder}; wait for it, or, if it is not running any more, remove {path}"
        )
    gone = path.with_name(f"{path.name}-{os.getpid()}")
    path.rename(gone)
    # Another run may have removed the stale file meanwhile and written its own.
    if gone.read_text() == text:
        gone.unlink()
    else:
        gone.rename(path)


def _this_process() -> dict[str, Any]:
    pid = os.getpid()
    now = datetime.now(UTC).isoformat(timespec="seconds")
    return {"pid": pid, "since": now, "began": _began(pid), **_machine()}


def _machine() -> dict[str, str]:
    """Return the host, boot and namespace in which a process number is valid."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        space = os.readlink("/proc/self/ns/pid")  # noqa: PTH115
    except OSError:
        boot = space = ""
    return {"host": socket.gethostname(), "boot": boot, "processes": space}


def _began(pid: int) -> int | None:
    """Return the start time of a process in clock ticks; None if it does not run."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_bytes()
    except OSError:
        return None
    state, *numbers = stat.rpartition(b")")[2].split()
    return None if state in b"ZX" else int(numbers[18])


def _has_ended(other: dict[str, Any]) -> bool:
    """Return whether a process is known to have ended; False for another machine's."""
    if any(other[name] != value for name, value in _machine().items()):
        return False
    return other["began"] is not None and _began(other["pid"]) != other["began"]
