"""Forcing what is written onto the disk, and saying it where that cannot be."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from amphitrite.errors import OutputError


@contextmanager
def writing(out: Path) -> Iterator[None]:
    """Turn the operating system's refusals to write into `OutputError`.

    It encloses writes alone: what an input's `OSError` is about is not the output.

    Parameters
    ----------
    out : Path
        What is being written.

    Raises
    ------
    OutputError
        With the notes of the operating system's error.
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
    """Have the operating system store a file, or a folder's entries, on the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError as error:
        # Some network file systems store folders at once and know no fsync of them.
        if error.errno != errno.EINVAL or not path.is_dir():
            raise
    finally:
        os.close(handle)


def sync_tree(path: Path) -> None:
    """Have the operating system store a file, or a folder and all that is in it."""
    for inner in sorted(path.rglob("*")) if path.is_dir() else []:
        sync(inner)
    sync(path)
