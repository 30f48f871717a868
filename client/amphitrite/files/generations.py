"""Folders that are replaced as a whole: the old one or the new one, never a mix.

The next generation of a folder is made beside it, of links to the files that stay and
of new ones, and takes its place in one step.  What an interrupted process leaves there
is removed by the next one.
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
_AGAIN: Final = 0.1  # seconds between two tries for the lock

logger = logging.getLogger(__name__)

# What tells a file from another that took its place: device, inode, kind, size, time.
_Fingerprint = tuple[int, ...]


@dataclass(frozen=True)
class Generation:
    """The next state of a folder, while it is made.

    Parameters
    ----------
    folder : Path
        Holds what the current one holds; becomes the current one.  Its files are those
        of the current one under a second name: replace them, never write into them.
    scratch : Path
        An empty folder on the same file system, for whatever is needed on the way.
    """

    folder: Path
    scratch: Path


@contextmanager
def next_generation(target: Path) -> Iterator[Generation]:
    """Make the next state of a folder and put it in place in one step.

    Parameters
    ----------
    target : Path
        The folder; it need not exist.  If it is a link, what it leads to.

    Yields
    ------
    Generation
        To be changed in the block.  It becomes current at the end of the block, unless
        that is left by an exception.

    Raises
    ------
    OutputError
        The folder cannot be replaced: it is none, it cannot be written, it is a mount
        point, or its file system cannot swap two folders.

    Notes
    -----
    While another process does the same with the folder, it is waited for.
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
    """Say what an error of the operating system means for a folder."""
    try:
        yield
    except OSError as error:
        raise OutputError(f"cannot write '{target}': {error}") from error


@contextmanager
def _workshop(target: Path) -> Iterator[Path]:
    """Give an empty folder of ours beside another, which nobody else has meanwhile."""
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
    """Make a folder and lock it, waiting for whoever has it."""
    said = False
    while True:
        with suppress(FileExistsError):
            folder.mkdir()
        if folder.is_symlink() or _is_foreign(folder):
            raise OutputError(
                f"cannot write '{target}': {folder} is in the way and not of "
                "amphitrite's making; move it elsewhere"
            )
        try:
            return Lock(folder)
        except FileNotFoundError:
            continue  # who had it has just removed it
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
    """Tell whether a folder holds something without our marker.

    Without either, it is of a process that was ended before it could mark it, or is
    about to.
    """
    try:
        names = {path.name for path in folder.iterdir()}
    except FileNotFoundError:
        return False
    return MARKER not in names and any(not _is_of_lock(name) for name in names)


def _is_of_lock(name: str) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in locks.NAMES)


def _empty(folder: Path) -> None:
    """Remove all but the marker and the lock."""
    for entry in folder.iterdir():
        if entry.name != MARKER and not _is_of_lock(entry.name):
            shutil.rmtree(entry)


def _remove(folder: Path) -> None:
    """Remove what is left, the lock; whoever waits for it makes the folder again."""
    for entry in folder.iterdir():
        entry.unlink(missing_ok=True)
    with suppress(OSError):  # somebody has made a lock of his own there
        folder.rmdir()


def _carry(current: Path, aside: Path) -> dict[str, _Fingerprint]:
    """Give every file of a folder a second name in another; return what was there.

    Raises
    ------
    OutputError
        There is something else than files, folders and links, or another file system.
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
                _link(entry, copy / entry.name)
            else:
                raise OutputError(
                    f"cannot replace '{current}': {entry} is neither file nor folder"
                )
    # the inner ones first, since times change with what is put into a folder
    for source, copy in reversed(folders):
        shutil.copystat(source, copy)
    return found


def _link(source: Path, copy: Path) -> None:
    """Give a file a second name, or copy it where that cannot be."""
    try:
        os.link(source, copy, follow_symlinks=False)
    except OSError:  # another owner's file, or a file system without second names
        shutil.copy2(source, copy, follow_symlinks=False)


def _fingerprint(state: os.stat_result) -> _Fingerprint:
    """Return what tells a file from another; a folder is told by what it holds."""
    kind = stat.S_IFMT(state.st_mode)
    if stat.S_ISDIR(state.st_mode):
        return (kind,)
    return (kind, state.st_dev, state.st_ino, state.st_size, state.st_mtime_ns)


def _sync(folder: Path) -> None:
    """Have the disk hold everything new in a folder."""
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
    """Let a new folder take the place of the current one, which gets its name."""
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
    """Keep an old generation to which somebody did something in the meantime."""
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
