"""Flushing of files to the disk, and errors of writing as `OutputError`."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from amphitrite.errors import OutputError


@contextmanager
def writing(out: Path) -> Iterator[None]:
    """Turn errors of the operating system into an `OutputError`.

    Enclose only code that writes, so that errors of reading an input are not blamed on
    the output.

    Parameters
    ----------
    out : Path
        The file or folder that is written.

    Raises
    ------
    OutputError
        The operating system refuses; notes of its error are kept.
    """
    try:
        yield
    except OSError as error:
        place = f" ({error.filename})" if error.filename else ""
        refused = OutputError(
            f"cannot write {out}: {error.strerror or error}{place}; free some space, "
            "or give an --output in a folder that you may write to"
        )
        for note in getattr(error, "__notes__", ()):
            refused.add_note(note)
        raise refused from error


def sync(path: Path) -> None:
    """Flush a file, or a folder's list of entries, to the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError as error:
        # Some network file systems store folders at once and have no fsync for them.
        if error.errno != errno.EINVAL or not path.is_dir():
            raise
    finally:
        os.close(handle)


def sync_tree(path: Path) -> None:
    """Flush a file, or a folder and all that is in it, to the disk."""
    for inner in sorted(path.rglob("*")) if path.is_dir() else []:
        sync(inner)
    sync(path)
