"""Folders for runs of the server, and removal of those that earlier runs left behind.

All paths that the server gets are in its run's folder.  Triton passes paths to a shell
without quoting them, so the folder's path has only characters that need no quotes.
"""

from __future__ import annotations

import fcntl
import logging
import os
import re
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from amphitrite.errors import ProvisioningError
from amphitrite.server import supervisor

logger = logging.getLogger(__name__)

USUAL: Final = (Path("/tmp"), Path("/var/tmp"))
# the path of a socket has at most 107 bytes, from which these are subtracted
_LONGEST: Final = 107 - len(f"/{supervisor.PREFIX}01234567/metrics")
_PLAIN: Final = re.compile(r"[A-Za-z0-9._+=@/-]+")
_OTHERS_WRITE: Final = stat.S_IWGRP | stat.S_IWOTH


def is_plain(name: str) -> bool:
    """Return whether a path or name needs no quotes in a shell."""
    return _PLAIN.fullmatch(name) is not None


def choose() -> Path:
    """Return the folder in which a run creates its own folder.

    It is ``TMPDIR``, or else ``/tmp`` or ``/var/tmp``.

    Raises
    ------
    ProvisioningError
        None of them can be used; the message says why.
    """
    obstacles: dict[Path, str] = {}
    for place in _candidates():
        obstacle = _obstacle(place)
        if obstacle is None:
            for other, why in obstacles.items():
                logger.warning(
                    "the local Triton server has its folder in %s and not in %r: %s",
                    *(place, str(other), why),
                )
            return place
        obstacles[place] = obstacle
    listed = "\n".join(f"  {place}: {why}" for place, why in obstacles.items())
    raise ProvisioningError(
        "The local Triton server needs a folder for its run, and none of these will "
        f"do:\n{listed}\nName another with the environment variable TMPDIR."
    )


def _candidates() -> list[Path]:
    named = os.environ.get("TMPDIR") or tempfile.gettempdir()
    return list(dict.fromkeys((Path(named).absolute(), *USUAL)))


def _obstacle(place: Path) -> str | None:
    """Return the reason why a run cannot use a folder; None if it can."""
    if not is_plain(str(place)):
        return "its path has characters that a shell would read"
    if len(str(place)) > _LONGEST:
        return f"its path has more than {_LONGEST} characters"
    try:
        found = place.stat()
        room = os.statvfs(place)
    except OSError as error:
        return str(error.strerror)
    if not stat.S_ISDIR(found.st_mode):
        return "it is no folder"
    if not os.access(place, os.W_OK | os.X_OK):
        return "you may not write there"
    sticky = bool(found.st_mode & stat.S_ISVTX)
    # in a user namespace the number of root may not be 0
    trusted = found.st_uid in (os.getuid(), Path("/").stat().st_uid)
    if not trusted or (found.st_mode & _OTHERS_WRITE and not sticky):
        return "others may rename what is in it"
    if room.f_flag & os.ST_NOEXEC:
        return "programs there may not run"
    return None


def sweep_abandoned() -> None:
    """Remove folders and shared memory of runs whose supervisor was killed.

    Only runs of this user whose lock is not held are removed.
    """
    for place in _candidates():
        for lock in place.glob(f"{supervisor.PREFIX}*/{supervisor.LOCK}"):
            with _taken(lock) as abandoned:
                if abandoned:
                    folder = lock.parent
                    supervisor.sweep(folder, supervisor.shm_prefix(folder))
    stem = supervisor.shm_prefix(Path(supervisor.PREFIX)).removesuffix("_")
    for lock in supervisor.SHARED_MEMORY.glob(f"{stem}*_{supervisor.LOCK}"):
        with _taken(lock) as abandoned:
            if abandoned:
                prefix = lock.name.removesuffix(supervisor.LOCK)
                supervisor.sweep_shared_memory(prefix)


@contextmanager
def _taken(lock: Path) -> Iterator[bool]:
    """Try to take the lock of another run; yield whether that run is abandoned."""
    try:
        descriptor = os.open(lock, os.O_RDONLY | os.O_NOFOLLOW) if _own(lock) else None
    except OSError:
        descriptor = None
    if descriptor is None:
        yield False
        return
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        yield False
    else:
        yield True
    finally:
        os.close(descriptor)


def _own(lock: Path) -> bool:
    """Return whether a lock file, and the run's folder around it, are this user's."""
    paths = [lock] if lock.parent == supervisor.SHARED_MEMORY else [lock, lock.parent]
    found = [path.lstat() for path in paths]
    return all(
        entry.st_uid == os.getuid() and not stat.S_ISLNK(entry.st_mode)
        for entry in found
    )
