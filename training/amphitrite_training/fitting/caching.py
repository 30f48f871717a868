"""A cache for simulated data that take long to make."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from amphitrite.errors import OutputError
from amphitrite.files import renaming
from amphitrite.files.writing import sync, sync_tree


@contextmanager
def made_aside(target: Path, *, what: str, room: str) -> Iterator[Path]:
    """Yield a temporary path for a file or folder, which then gets its final name.

    Parameters
    ----------
    target : Path
        Its final path in the cache.  If another process has made the same file or
        folder meanwhile, that one stays.
    what, room : str
        The contents, and the disk space that they take, for the error message.

    Raises
    ------
    OutputError
        The file or folder cannot be written.
    """
    parent = target.parent
    try:
        parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(
            dir=parent, prefix=f".{target.stem}-"
        ) as scratch:
            aside = Path(scratch) / target.name
            yield aside
            sync_tree(aside)
            with suppress(FileExistsError):
                renaming.exclusive(aside, target)
            sync(parent)
    except OSError as error:
        raise OutputError(
            f"cannot keep {what} in {parent}: {error.strerror or error}; free some "
            f"{room}, or set AMPHITRITE_CACHE to a folder that you may write to"
        ) from error
