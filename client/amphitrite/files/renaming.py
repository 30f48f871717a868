"""Renaming that never overwrites an existing file or folder.

`os.rename` replaces a file silently.  Linux can refuse to, and can swap two names in
one step (``renameat2``, see https://man7.org/linux/man-pages/man2/rename.2.html).
Where a file system or an operating system cannot, `exclusive` uses a hard link and
`exchange` raises an error.
"""

from __future__ import annotations

import ctypes
import errno
import os
import sys
from pathlib import Path
from typing import Final

_AT_FDCWD: Final = -100
_NOREPLACE: Final = 1
_EXCHANGE: Final = 2
# the kernel is too old; the file system does not know the flag
_UNKNOWN: Final = (errno.ENOSYS, errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP)


def exclusive(source: Path, target: Path) -> None:
    """Rename a file or a folder to a name that does not exist yet.

    Parameters
    ----------
    source, target : Path
        The old and the new name, on one file system.

    Raises
    ------
    FileExistsError
        The new name exists, if only as a broken link; nothing has changed.
    OSError
        The operating system refuses.
    """
    sys.audit("amphitrite.rename", source, target)
    if _renameat2(source, target, _NOREPLACE):
        return
    if source.is_dir() and not source.is_symlink():
        if os.path.lexists(target):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(target))
        # between check and renaming, only an empty folder could be replaced
        source.rename(target)
    else:
        os.link(source, target, follow_symlinks=False)
        source.unlink()


def exchange(one: Path, other: Path) -> None:
    """Swap the names of two files or folders in one step.

    Raises
    ------
    NotImplementedError
        This file system or operating system cannot; nothing has changed.
    OSError
        One is missing, or the operating system refuses.
    """
    sys.audit("amphitrite.rename", one, other)
    if not _renameat2(one, other, _EXCHANGE):
        raise NotImplementedError(f"the names {one} and {other} cannot be swapped here")


def _renameat2(source: Path, target: Path, flags: int) -> bool:
    """Rename with flags; return False if the system does not support them."""
    try:
        function = ctypes.CDLL(None, use_errno=True).renameat2
    except AttributeError:  # another C library
        return False
    names = os.fsencode(source), os.fsencode(target)
    if function(_AT_FDCWD, names[0], _AT_FDCWD, names[1], flags) == 0:
        return True
    number = ctypes.get_errno()
    if number in _UNKNOWN:
        return False
    raise OSError(number, os.strerror(number), str(source), None, str(target))
