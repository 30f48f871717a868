"""Files that must stay as they are from their first look to their last reading."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from amphitrite.errors import BadInput

_Seen = tuple[int, ...]


class Steady:
    """How some files stood, to notice that one was changed or replaced since.

    What is hashed and what is read is the same if both lie between the look and a
    check.  The time of change of a file's entry counts too, which nobody can set back.

    Parameters
    ----------
    paths : iterable of Path
        The files.
    """

    def __init__(self, paths: Iterable[Path]) -> None:
        self._seen = {path: _look(path) for path in paths}

    def check(self) -> None:
        """Refuse files that are not as they were.

        Raises
        ------
        BadInput
            Names the first one.
        """
        for path, seen in self._seen.items():
            if _look(path) != seen:
                raise BadInput(
                    f"{path} was changed or replaced while it was read; leave the "
                    "inputs alone during a run, and give the same command again, with "
                    "--resume if a run was interrupted"
                )


def _look(path: Path) -> _Seen | None:
    try:
        seen = path.stat()
    except OSError:
        return None
    return (
        *(seen.st_dev, seen.st_ino, seen.st_size),
        *(seen.st_mtime_ns, seen.st_ctime_ns),
    )
