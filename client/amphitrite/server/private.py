"""Checks that no other user can write to a folder with programs to run."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from amphitrite.errors import ProvisioningError

_REMEDY = "choose another folder with the environment variable AMPHITRITE_CACHE"


def make_private(folder: Path) -> None:
    """Create a folder to which only its owner may write, or restrict an existing one.

    Raises
    ------
    ProvisioningError
        The folder belongs to another user, or everybody may write to it.
    OSError
        It cannot be created.
    """
    folder.mkdir(mode=0o755, exist_ok=True)
    check_private(folder, shared=True)
    state = folder.stat()
    if state.st_uid == os.geteuid() and state.st_mode & 0o022:
        folder.chmod(stat.S_IMODE(state.st_mode) & ~0o022)


def check_private(path: Path, *, shared: bool = False) -> None:
    """Refuse a file or folder that another user than root could have changed.

    Parameters
    ----------
    path : Path
        A file or a folder; it need not exist.
    shared : bool
        Whether to allow a folder that others share: its group may write there, and
        everybody if the sticky bit protects their files from each other, as in
        ``/tmp``.

    Raises
    ------
    ProvisioningError
        The path belongs to another user or is open to others; the message says what to
        do.
    """
    # both the link and its target are checked
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
    """Return whether others may write there, or replace the owner's files."""
    if not shared:
        return bool(mode & 0o022)
    return bool(mode & stat.S_IWOTH) and not mode & stat.S_ISVTX
