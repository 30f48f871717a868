"""What was assumed or changed in reading many files, said once for all."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path


def choices(files: Iterable[tuple[Path, Iterable[str]]]) -> list[str]:
    """Return a sentence for each kind of choice that was made for the user.

    Parameters
    ----------
    files : iterable of (Path, iterable of str)
        Each file, and what was assumed or changed in reading it.

    Returns
    -------
    list of str
        Each with the number of files and the name of the first.
    """
    named: dict[str, list[str]] = {}
    for path, notes in files:
        for note in notes:
            named.setdefault(note, []).append(path.name)
    return [
        f"{note} ({names[0]})"
        if len(names) == 1
        else f"{note} ({len(names)} files, such as {names[0]})"
        for note, names in named.items()
    ]
