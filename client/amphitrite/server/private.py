"""Folders whose programs may be run: nobody else could have put them there."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from amphitrite.errors import ProvisioningError

_REMEDY = "choose another folder with the environment variable AMPHITRITE_CACHE"


def make_private(folder: Path) -> None:
    """Make a folder that only its owner may use, and those above it as usual.

    Raises
    ------
    ProvisioningError
        It, or one above it, is in somebody else's hands.
    OSError
        It cannot be made.
    """
    check_private(folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    folder.mkdir(mode=0o700, exist_ok=True)
    check_private(folder)


def check_private(path: Path) -> None:
    """Refuse a path at which another user than root could have put something.

    Parameters
    ----------
    path : Path
        It need not exist.  Folders above it may be open to its owner's group, and to
        all where they only may add to it, as in ``/tmp``.

    Raises
    ------
    ProvisioningError
        Names what belongs to somebody else, or is open to others, and the remedy.
    """
    for above in [path, *path.parents]:
        try:
            state = above.lstat()
        except (FileNotFoundError, NotADirectoryError):
            continue
        if stat.S_ISLNK(state.st_mode) and above != path:
            check_private(above.resolve())
        if state.st_uid not in (0, os.geteuid()):
            raise ProvisioningError(
                f"{above} belongs to the user with the number {state.st_uid}, so that "
                f"nothing in it is run as user {os.geteuid()}; {_REMEDY}"
            )
        if _is_open(state, inside=above == path):
            raise ProvisioningError(
                f"others may write to {above}, so that nothing in it is run; {_REMEDY}, "
                f"or close it: chmod go-w {above}"
            )


def _is_open(state: os.stat_result, *, inside: bool) -> bool:
    """Tell whether others may replace what stands there."""
    if stat.S_ISLNK(state.st_mode):
        return False  # the mode of a link means nothing
    others = stat.S_IWOTH | (stat.S_IWGRP if inside else 0)
    shared = bool(state.st_mode & stat.S_ISVTX) and not inside
    return bool(state.st_mode & others) and not shared
