"""Results that replace an earlier file or folder only if that is still the same one.

Hours may pass between the check of what a result would replace and its writing.  It is
therefore checked again while renaming, and put back if it has changed.
"""

from __future__ import annotations

import errno
import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from glob import escape
from pathlib import Path

from amphitrite.errors import OutputError
from amphitrite.files import renaming
from amphitrite.files.standing import Sighting, check_output, kind, sighting
from amphitrite.files.writing import sync, writing


def put(new: Path, name: Path, *, instead_of: Sighting | None) -> None:
    """Rename a new file or folder to its final name.

    Parameters
    ----------
    new : Path
        The new file or folder.  What it replaces has this name afterwards; only a file
        on a file system that cannot swap names is lost.
    name : Path
        The final name, on the same file system.
    instead_of : Sighting or None
        What it may replace, as it was when the user agreed; None for nothing.

    Raises
    ------
    FileExistsError
        Something else has the name; nothing has changed.
    OSError
        The operating system refuses.
    """
    if instead_of is None or sighting(name) != instead_of:
        renaming.exclusive(new, name)
        return
    try:
        renaming.exchange(new, name)
    except FileNotFoundError:  # the old one was removed just now
        renaming.exclusive(new, name)
    except NotImplementedError:
        _replace(new, name, instead_of)
    else:
        if sighting(new) != instead_of:
            renaming.exchange(new, name)
            raise _changed(name)


def backup_of(new: Path) -> Path:
    """Return the temporary name of a replaced folder where names cannot be swapped."""
    return new.with_name(new.name + ".replaced")


def _replace(new: Path, name: Path, instead_of: Sighting) -> None:
    """Replace a file or folder where names cannot be swapped."""
    if not name.is_dir():
        new.replace(name)
        return
    backup = backup_of(new)
    renaming.exclusive(name, backup)
    try:
        if sighting(backup) != instead_of:
            raise _changed(name)
        renaming.exclusive(new, name)
    except BaseException:
        renaming.exclusive(backup, name)
        raise
    renaming.exclusive(backup, new)


def _changed(name: Path) -> FileExistsError:
    return FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(name))


@contextmanager
def aside(
    path: Path,
    *,
    instead_of: Sighting | None,
    announce: Callable[[Sighting | None], None] = lambda seen: None,
) -> Iterator[Path]:
    """Yield a temporary name; the file written there then gets its final name.

    Parameters
    ----------
    path : Path
        The final name; unchanged after an exception.
    instead_of : Sighting or None
        See `put`.
    announce : callable
        Called with the new file's sighting, just before it gets its final name.

    Raises
    ------
    OutputError
        The file cannot be written, something else has the name now, or nothing can be
        written under the name (see `amphitrite.files.standing.check_output`).
    """
    check_output(path)
    if kind(path) == "folder":
        raise OutputError(f"{path} is a folder, which a file cannot replace")
    other = path.with_name(f".{path.stem}-{secrets.token_hex(4)}{path.suffix}")
    try:
        with writing(path):
            yield other
            sync(other)
            announce(sighting(other))
            _put(other, path, instead_of)
            sync(path.parent)
    finally:
        other.unlink(missing_ok=True)


def aside_pattern(path: Path) -> str:
    """Return the glob pattern of the temporary names that `aside` yields."""
    return f".{escape(path.stem)}-{'[0-9a-f]' * 8}{escape(path.suffix)}"


def _put(new: Path, path: Path, instead_of: Sighting | None) -> None:
    try:
        put(new, path, instead_of=instead_of)
    except FileExistsError:
        raise OutputError(
            f"{path} appeared or was changed meanwhile, and is left as it is; move it "
            "away, or choose another name"
        ) from None
