"""What takes long to simulate is made once and kept in the cache folder."""

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
    """Yield where to make a file or a folder, which then gets its name as a whole.

    Parameters
    ----------
    target : Path
        Its name in the cache.  What another process has made there meanwhile stays: it
        is the same.
    what, room : str
        What is kept, and how much room it takes, for the message of an error.

    Raises
    ------
    OutputError
        The operating system could not keep it.
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
