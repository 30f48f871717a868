"""Giving a file or a folder its name, in the place of nothing but what was agreed on.

Hours may pass between the look at what a result would replace and the replacing.  So
it is looked at again in the very renaming, and put back if it is something else.
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
    """Give what was made its name.

    Parameters
    ----------
    new : Path
        What was made.  What it replaces stands there afterwards, except where the file
        system cannot swap names and it was a file, which is then gone.
    name : Path
        Its name, on the same file system.
    instead_of : Sighting or None
        What it may replace, as it stood when that was agreed on; None for nothing.

    Raises
    ------
    FileExistsError
        Something else stands under the name; nothing has changed.
    OSError
        The operating system refuses.
    """
    if instead_of is None or sighting(name) != instead_of:
        renaming.exclusive(new, name)
        return
    try:
        renaming.exchange(new, name)
    except FileNotFoundError:  # it was removed this very moment
        renaming.exclusive(new, name)
    except NotImplementedError:
        _replace(new, name, instead_of)
    else:
        if sighting(new) != instead_of:
            renaming.exchange(new, name)
            raise _changed(name)


def backup_of(new: Path) -> Path:
    """Return where a replaced folder stands while names cannot be swapped."""
    return new.with_name(new.name + ".replaced")


def _replace(new: Path, name: Path, instead_of: Sighting) -> None:
    """Replace where names cannot be swapped: what was looked at is moved away."""
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
    """Yield a name beside a file's; what is written there gets the file's name.

    Parameters
    ----------
    path : Path
        The file; untouched after an exception.
    instead_of : Sighting or None
        See `put`.
    announce : callable
        Told how the file stands, just before it gets its name.

    Raises
    ------
    OutputError
        The operating system could not write it, or something else stands there now, or
        nothing can be written there (see `amphitrite.files.standing.check_output`).
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
    """Return the pattern of the names that `aside` yields."""
    return f".{escape(path.stem)}-{'[0-9a-f]' * 8}{escape(path.suffix)}"


def _put(new: Path, path: Path, instead_of: Sighting | None) -> None:
    try:
        put(new, path, instead_of=instead_of)
    except FileExistsError:
        raise OutputError(
            f"{path} appeared or was changed meanwhile, and is left as it is; move it "
            "away, or choose another name"
        ) from None
