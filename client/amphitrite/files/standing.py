"""What stands under a name: its kind, and how to know it again."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from amphitrite.errors import BadInput, OutputError

Sighting = list[Any]
"""How a file or a folder stood, in JSON types; equal if it stands as before."""

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
    """Return what stands under a name.

    Parameters
    ----------
    path : Path
        The name.
    follow : bool
        Of a link, tell what it leads to.

    Returns
    -------
    {"file", "folder", "link", "pipe", "socket", "device"} or None
        None where there is nothing.
    """
    try:
        mode = (path.stat() if follow else path.lstat()).st_mode
    except (FileNotFoundError, NotADirectoryError):
        return None
    return next(name for is_one, name in _KINDS if is_one(mode))


def check_output(path: Path) -> None:
    """Refuse a name under which no result can be written.

    Links are not followed: what they lead to may be anybody's, and replacing the link
    itself would leave it as it was.

    Raises
    ------
    OutputError
        A link, a pipe, a socket or a device stands there.
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
    """Refuse an input that can be read only once, or never ends.

    Raises
    ------
    BadInput
        A pipe, a socket or a device stands there, or a link leads to one.
    """
    found = kind(path, follow=True)
    if found not in (None, "file", "folder"):
        raise BadInput(
            f"{path} is a {found}, and inputs are read more than once; write it into a "
            "file first, and give that"
        )


def sighting(path: Path) -> Sighting | None:
    """Return how a file or a folder stands, to know later whether it is the same.

    Parameters
    ----------
    path : Path
        What to look at; links are not followed.

    Returns
    -------
    Sighting or None
        Of a file, what changes when it is written or replaced; of a folder, all that is
        in it.  None where there is nothing.
    """
    found = kind(path)
    if found is None:
        return None
    seen = path.lstat()
    if found == "folder":
        inside = [[entry.name, sighting(entry)] for entry in sorted(path.iterdir())]
        return [found, seen.st_ino, inside]
    return [found, seen.st_ino, seen.st_size, seen.st_mtime_ns]
