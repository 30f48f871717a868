"""The kind of a file or folder, and a record that shows whether it has changed."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from amphitrite.errors import BadInput, OutputError

Sighting = list[Any]
"""Record of a file or folder in JSON types; equal as long as it has not changed."""

_KINDS: Final[tuple[tuple[Callable[[int], bool], str], ...]] = (
    (stat.S_ISREG, "file"),
    (stat.S_ISDIR, "folder"),
    (stat.S_ISLNK, "link"),
    (stat.S_ISFIFO, "pipe"),
    (stat.S_ISSOCK, "socket"),
    (stat.S_ISCHR, "device"),
    (stat.S_ISBLK, "device"),
)


def kind(path: Path, *, follow: bool = False) -> str | None:
    """Return the kind of the entry that a path names.

    Parameters
    ----------
    path : Path
        The path.
    follow : bool
        Whether to follow links.

    Returns
    -------
    {"file", "folder", "link", "pipe", "socket", "device"} or None
        None if it does not exist.
    """
    try:
        mode = (path.stat() if follow else path.lstat()).st_mode
    except (FileNotFoundError, NotADirectoryError):
        return None
    return next(name for is_one, name in _KINDS if is_one(mode))


def check_output(path: Path) -> None:
    """Refuse an output path that is neither a file, a folder nor unused.

    Links are refused too: their target may belong to somebody else, and replacing the
    link itself would leave the target unchanged.

    Raises
    ------
    OutputError
        The path is a link, a pipe, a socket or a device.
    """
    found = kind(path)
    if found == "link":
        raise OutputError(
            f"{path} is a link to {os.readlink(path)}, and results are not written "  # noqa: PTH115
            "through links; give the name of the file or folder itself, or remove the "
            "link"
        )
    if found not in (None, "file", "folder"):
        raise OutputError(
            f"{path} is a {found}, which is never replaced by a result; give the name "
            "of a new file"
        )


def check_regular(path: Path) -> None:
    """Refuse an input that can be read only once or never ends.

    Raises
    ------
    BadInput
        The path is a pipe, a socket or a device, or a link to one.
    """
    found = kind(path, follow=True)
    if found not in (None, "file", "folder"):
        raise BadInput(
            f"{path} is a {found}, and inputs are read more than once; write it into a "
            "file first, and give that"
        )


def sighting(path: Path) -> Sighting | None:
    """Return a record of a file or folder that shows later whether it has changed.

    Parameters
    ----------
    path : Path
        The file or folder; links are not followed.

    Returns
    -------
    Sighting or None
        Of a file: kind, inode, size in bytes and modification time in ns.  Of a folder:
        kind, inode and the records of all entries.  None if there is nothing.
    """
    found = kind(path)
    if found is None:
        return None
    seen = path.lstat()
    if found == "folder":
        inside = [[entry.name, sighting(entry)] for entry in sorted(path.iterdir())]
        return [found, seen.st_ino, inside]
    return [found, seen.st_ino, seen.st_size, seen.st_mtime_ns]
