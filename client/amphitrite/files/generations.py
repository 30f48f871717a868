"""Folders that are replaced as a whole: a reader sees the old or the new one, no mix.

The next generation of a folder is prepared beside it, from links to the files that stay
and from new files, and takes its place in one step.  Leftovers of an interrupted
process are removed by the next one.
"""

from __future__ import annotations

import logging
import os
import shutil
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from shlex import quote
from typing import Final

from amphitrite.errors import OutputError
from amphitrite.files import locks, renaming
from amphitrite.files.locks import Held, Lock

MARKER: Final = "made-by-amphitrite"
_AGAIN: Final = 0.1  # s between two attempts to lock

logger = logging.getLogger(__name__)

# Kind, device, inode, size, time of modification: they differ if a file was replaced.
_Fingerprint = tuple[int, ...]


@dataclass(frozen=True)
class Generation:
    """The next state of a folder, while it is prepared.

    Parameters
    ----------
    folder : Path
        The folder that will become the current one.  Its files are hard links to those
        of the current folder: replace them, never write into them.
    scratch : Path
        An empty folder on the same file system for temporary files.
    """

    folder: Path
    scratch: Path


@contextmanager
def next_generation(target: Path) -> Iterator[Generation]:
    """Prepare the next state of a folder and put it in place in one step.

    Parameters
    ----------
    target : Path
        The folder; it need not exist.  A link is followed.

    Yields
    ------
    Generation
        The next state, to be changed in the block.  It becomes current at the end of
        the block, unless an exception ends the block.

    Raises
    ------
    OutputError
        The folder cannot be replaced: it is not a folder, it cannot be written, it is a
        mount point, or its file system cannot swap two folders.

    Notes
    -----
    If another process is replacing the same folder, this one waits for it.
    """
    target = target.resolve() if target.is_symlink() else target.absolute()
    if target.exists() and not target.is_dir():
        raise OutputError(f"cannot write '{target}': it is no folder")
    with _failing(target):
        target.parent.mkdir(parents=True, exist_ok=True)
    with _workshop(target) as workshop:
        generation = Generation(workshop / "next", workshop / "scratch")
        with _failing(target):
            generation.scratch.mkdir()
            before = _carry(target, generation.folder)
        yield generation
        with _failing(target):
            _sync(generation.folder)
            _put(generation.folder, target)
            _keep_changes(generation.folder, before, target)


@contextmanager
def _failing(target: Path) -> Iterator[None]:
    """Turn errors of the operating system into an `OutputError` on a folder."""
    try:
        yield
    except OSError as error:
        raise OutputError(f"cannot write '{target}': {error}") from error


@contextmanager
def _workshop(target: Path) -> Iterator[Path]:
    """Yield an empty folder beside `target`, locked against other processes."""
    folder = target.with_name(f".{target.name}.next")
    with _failing(target):
        lock = _taken(folder, target)
    try:
        with _failing(target):
            (folder / MARKER).touch()
            _empty(folder)
        yield folder
    finally:
        try:
            _empty(folder)
            (folder / MARKER).unlink()
        except OSError as error:
            logger.warning(
                "%s is of no more use and cannot be removed: %s", folder, error
            )
        else:
            _remove(folder)
        finally:
            lock.release(folder)


def _taken(folder: Path, target: Path) -> Lock:
    """Create a folder, wait until no other process holds its lock, and lock it."""
    said = False
    while True:
        with suppress(FileExistsError):
            folder.mkdir()
        if folder.is_symlink() or _is_foreign(folder):
            raise OutputError(
                f"cannot write '{target}': {folder} is in the way and was not made by "
                "amphitrite; move it elsewhere"
            )
        try:
            return Lock(folder)
        except FileNotFoundError:
            continue  # the process that held the lock has just removed the folder
        except Held:
            if not said:
                logger.warning(
                    "waiting for another process that writes to %s (if there is none, "
                    "remove %s)",
                    target,
                    folder,
                )
            said = True
            time.sleep(_AGAIN)


def _is_foreign(folder: Path) -> bool:
    """Return whether a folder has contents but no marker.

    An empty one without marker is that of a process which was ended before it could
    mark the folder, or which is about to.
    """
    try:
        names = {path.name for path in folder.iterdir()}
    except FileNotFoundError:
        return False
    return MARKER not in names and any(not _is_of_lock(name) for name in names)


def _is_of_lock(name: str) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in locks.NAMES)


def _empty(folder: Path) -> None:
    """Remove all subfolders of a folder, apart from its marker and its lock."""
    for entry in folder.iterdir():
        if entry.name != MARKER and not _is_of_lock(entry.name):
            shutil.rmtree(entry)


def _remove(folder: Path) -> None:
    """Remove the lock and the folder; a process that waits creates it again."""
    for entry in folder.iterdir():
        entry.unlink(missing_ok=True)
    with suppress(OSError):  # another process has created its lock there
        folder.rmdir()


def _carry(current: Path, aside: Path) -> dict[str, _Fingerprint]:
    """Link all files of a folder into a new one; return their fingerprints by path.

    Raises
    ------
    OutputError
        An entry is neither file, folder nor link, or another file system is mounted.
    """
    found: dict[str, _Fingerprint] = {}
    aside.mkdir()
    if not current.exists():
        return found
    folders = [(current, aside)]
    for source, copy in folders:
        for entry in sorted(source.iterdir()):
            state = entry.lstat()
            found[str(entry.relative_to(current))] = _fingerprint(state)
            if stat.S_ISDIR(state.st_mode):
                if entry.is_mount():
                    raise OutputError(f"cannot replace '{current}': {entry} is mounted")
                (copy / entry.name).mkdir()
                folders.append((entry, copy / entry.name))
            elif stat.S_ISREG(state.st_mode) or stat.S_ISLNK(state.st_mode):
                link(entry, copy / entry.name)
            else:
                raise OutputError(
                    f"cannot replace '{current}': {entry} is neither file nor folder"
                )
    # inner folders first: adding an entry changes a folder's times
    for source, copy in reversed(folders):
        shutil.copystat(source, copy)
    return found


def link(source: str | Path, copy: str | Path) -> None:
    """Make a hard link to a file, or a copy where links are not possible."""
    try:
        os.link(source, copy, follow_symlinks=False)
    except OSError:  # another owner's file, or a file system without hard links
        shutil.copy2(source, copy, follow_symlinks=False)


def _fingerprint(state: os.stat_result) -> _Fingerprint:
    """Return a value that changes if an entry is replaced; of a folder, its kind."""
    kind = stat.S_IFMT(state.st_mode)
    if stat.S_ISDIR(state.st_mode):
        return (kind,)
    return (kind, state.st_dev, state.st_ino, state.st_size, state.st_mtime_ns)


def _sync(folder: Path) -> None:
    """Flush all new files of a folder to the disk."""
    for path in [folder, *folder.rglob("*")]:
        state = path.lstat()
        new = stat.S_ISREG(state.st_mode) and state.st_nlink == 1
        if new or stat.S_ISDIR(state.st_mode):
            _sync_one(path)


def _sync_one(path: Path) -> None:
    number = os.open(path, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)


def _put(new: Path, target: Path) -> None:
    """Put a new folder in place; the current one, if any, gets the new one's name."""
    try:
        if target.exists():
            renaming.exchange(new, target)
        else:
            renaming.exclusive(new, target)
    except NotImplementedError as error:
        raise OutputError(
            f"cannot replace '{target}' in one step: its file system does not know "
            f"how. Move it away first: mv {quote(str(target))} {quote(f'{target}.old')}"
        ) from error
    _sync_one(target.parent)


def _keep_changes(old: Path, before: dict[str, _Fingerprint], target: Path) -> None:
    """Keep the old folder if it was changed while the new one was prepared."""
    if not old.exists():
        return
    now = {
        str(path.relative_to(old)): _fingerprint(path.lstat())
        for path in old.rglob("*")
    }
    changed = sorted(name for name in now if before.get(name) != now[name])
    if changed:
        kept = target.with_name(f"{target.name}.changed-{os.getpid()}")
        renaming.exclusive(old, kept)
        logger.warning(
            "%s was changed while its next state was made (%s); the state with these "
            "changes is kept as %s",
            target,
            ", ".join(changed[:3]),
            kept,
        )
