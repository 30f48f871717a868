"""What was assumed or changed in reading many files, said once for all."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from amphitrite.files.choices import Choices


def choices(files: Iterable[tuple[Path, Iterable[str]]]) -> Choices:
    """Return the choices that were made for the user; each kind is said once.

    Parameters
    ----------
    files : iterable of (Path, iterable of str)
        Each file, and what was assumed or changed in reading it.

    Returns
    -------
    Choices
        Sentences with the number of files and the name of the first.
    """
    named: dict[str, list[str]] = {}
    for path, notes in files:
        for note in notes:
            named.setdefault(note, []).append(path.name)
    made = Choices()
    for note, names in named.items():
        some = f"{len(names)} files, such as " if len(names) > 1 else ""
        made.say(f"{note} ({some}{names[0]})")
    return made
