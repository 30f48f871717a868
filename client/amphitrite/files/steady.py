"""Check that input files do not change while they are used."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from amphitrite.errors import BadInput

_Seen = tuple[int, ...]


class Steady:
    """A record of some files that shows whether one has been changed or replaced.

    If `check` passes, all that was read or hashed since the record was taken is from
    the same files.  The record includes the inode's time of change (ctime), which a
    user cannot set back.

    Parameters
    ----------
    paths : iterable of Path
        The files.
    """

    def __init__(self, paths: Iterable[Path]) -> None:
        self._seen = {path: _look(path) for path in paths}

    def check(self) -> None:
        """Refuse files that have changed since the record was taken.

        Raises
        ------
        BadInput
            A file has changed; the message names the first one.
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
