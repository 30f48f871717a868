"""Folders whose programs may be run: nobody else could have put them there."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from amphitrite.errors import ProvisioningError

_REMEDY = "choose another folder with the environment variable AMPHITRITE_CACHE"


def make_private(folder: Path) -> None:
    """Make a folder that only its owner may write to, or close one's own.

    Raises
    ------
    ProvisioningError
        It is in somebody else's hands.
    OSError
        It cannot be made.
    """
    folder.mkdir(mode=0o755, exist_ok=True)
    check_private(folder, shared=True)
    state = folder.stat()
    if state.st_uid == os.geteuid() and state.st_mode & 0o022:
        folder.chmod(stat.S_IMODE(state.st_mode) & ~0o022)


def check_private(path: Path, *, shared: bool = False) -> None:
    """Refuse a path at which another user than root could have put something.

    Parameters
    ----------
    path : Path
        A file or a folder; one that does not exist is nobody's.
    shared : bool
        Whether its owner's group may write there, and everybody where they cannot
        touch what is another's, as in ``/tmp``: it is not ours alone.

    Raises
    ------
    ProvisioningError
        Names what belongs to somebody else, or is open to others, and the remedy.
    """
    # of a link, who made it and what it leads to
    for each in dict.fromkeys([path, path.resolve()]):
        try:
            state = each.lstat()
        except FileNotFoundError:
            continue
        if state.st_uid not in (0, os.geteuid()):
            raise ProvisioningError(
                f"{each} belongs to the user with the number {state.st_uid}, so that "
                f"nothing in it is run as user {os.geteuid()}; {_REMEDY}"
            )
        if not stat.S_ISLNK(state.st_mode) and _is_open(state.st_mode, shared=shared):
            raise ProvisioningError(
                f"others may write to {each}, so that nothing in it is run; close it "
                f"(chmod go-w {each}) or {_REMEDY}"
            )


def _is_open(mode: int, *, shared: bool) -> bool:
    """Tell whether others may replace what stands there."""
    if not shared:
        return bool(mode & 0o022)
    return bool(mode & stat.S_IWOTH) and not mode & stat.S_ISVTX
