"""One run at a time in a folder, on file systems with locks and without.

The operating system's lock ends with the process that holds it.  Where a file system
knows no locks, a file that names the process stands in for it.
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
    """Another run holds the lock; its text says which, and what to do."""


class Lock:
    """The lock of a folder, held from when it is made until it is released.

    Parameters
    ----------
    folder : Path
        The folder.

    Raises
    ------
    Held
        Another run has it.
    FileNotFoundError
        The folder is gone.
    OSError
        The operating system refuses.
    """

    def __init__(self, folder: Path) -> None:
        path = folder / LOCK
        self._handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            self.marks = not self._locked(folder)
            # Whoever held it may have removed the folder since it was opened.
            if os.fstat(self._handle).st_ino != path.stat().st_ino:
                raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path)
            if self.marks:
                _mark(folder / _RUNNING)
        except BaseException:
            os.close(self._handle)
            raise

    def release(self, folder: Path) -> None:
        """Let others have it, once; `folder` is where the locked folder stands now."""
        if self._handle < 0:
            return
        if self.marks:
            (folder / _RUNNING).unlink(missing_ok=True)
        os.close(self._handle)
        self._handle = -1

    def _locked(self, folder: Path) -> bool:
        """Lock, and return whether this file system can."""
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
    """Write who runs here, unless somebody does."""
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
    """Remove the mark of a process that has ended; refuse that of any other."""
    try:
        text = path.read_text()
    except FileNotFoundError:
        return
    try:
        other = json.loads(text)
        ended = _has_ended(other)
        who = f"process {other['pid']} on {other['host']} since {other['since']}"
    except (ValueError, KeyError, TypeError):
        ended, who = False, f"{path} does not say which"
    if not ended:
        raise Held(
            f"{who}; wait for it, or, if it is not running any more, remove {path}"
        )
    gone = path.with_name(f"{path.name}-{os.getpid()}")
    path.rename(gone)
    # Another run may have found it stale at the same time, and have marked its own.
    if gone.read_text() == text:
        gone.unlink()
    else:
        gone.rename(path)


def _this_process() -> dict[str, Any]:
    pid = os.getpid()
    now = datetime.now(UTC).isoformat(timespec="seconds")
    return {"pid": pid, "since": now, "began": _began(pid), **_machine()}


def _machine() -> dict[str, str]:
    """Return what tells where a process number means something."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        space = os.readlink("/proc/self/ns/pid")  # noqa: PTH115
    except OSError:
        boot = space = ""
    return {"host": socket.gethostname(), "boot": boot, "processes": space}


def _began(pid: int) -> int | None:
    """Return when a process began, in the kernel's ticks; None if it does not run."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_bytes()
    except OSError:
        return None
    state, *numbers = stat.rpartition(b")")[2].split()
    return None if state in b"ZX" else int(numbers[18])


def _has_ended(other: dict[str, Any]) -> bool:
    """Return whether a process is known to have ended; of other machines, nobody is."""
    if any(other[name] != value for name, value in _machine().items()):
        return False
    return other["began"] is not None and _began(other["pid"]) != other["began"]
