"""Folders that Amphitrite made, known by a file in them.

Without that file a folder is somebody else's: nothing in it is removed or replaced, and
it is never moved, whatever its name is and whatever options are given.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Final

from amphitrite.files.standing import kind

MARKER: Final = "AMPHITRITE.txt"
"""Name of the file by which a folder is known."""

_TEXT: Final = (
    "Amphitrite made this folder and may replace or remove what it has put into it; "
    "without this file it touches nothing here.\n"
)
_BEGINNING: Final = b"Amphitrite made this folder"

Contents = Mapping[str, Any]
"""What is ours in a folder: patterns of names, with None for a file and the contents
of a folder within."""


def mark(folder: Path) -> None:
    """Mark a folder as one of ours."""
    (folder / MARKER).write_text(_TEXT)


def is_ours(folder: Path) -> bool:
    """Return whether a folder is one of ours."""
    marker = folder / MARKER
    if kind(folder) != "folder" or kind(marker) != "file":
        return False
    with marker.open("rb") as file:
        return file.read(len(_BEGINNING)) == _BEGINNING


def guests(folder: Path, ours: Contents) -> list[Path]:
    """Return what is not ours in a folder.

    Parameters
    ----------
    folder : Path
        One of ours.
    ours : Contents
        What is ours, the marker aside.

    Returns
    -------
    list of Path
        Everything else, also within the folders that are ours.
    """
    found: list[Path] = []
    for path, inside in _entries(folder, ours):
        if inside is _FOREIGN:
            found.append(path)
        elif inside is not None:
            found += guests(path, inside)
    return found


def clear(folder: Path, ours: Contents) -> None:
    """Remove what is ours in a folder, the marker aside.

    Parameters
    ----------
    folder, ours
        See `guests`, which stay, and the folders that hold them too.
    """
    for path, inside in _entries(folder, ours):
        if inside is _FOREIGN:
            continue
        if inside is None:
            path.unlink()
        else:
            clear(path, inside)
            if not guests(path, {}):
                (path / MARKER).unlink(missing_ok=True)
                path.rmdir()


_FOREIGN: Final = object()


def _entries(folder: Path, ours: Contents) -> Iterator[tuple[Path, Any]]:
    """Yield what is in a folder beside its marker, and what it should be."""
    for path in sorted(folder.iterdir()):
        found = kind(path)
        if path.name == MARKER and found == "file":
            continue
        expected = next(
            (
                inside
                for pattern, inside in ours.items()
                if fnmatchcase(path.name, pattern)
                and found == ("file" if inside is None else "folder")
            ),
            _FOREIGN,
        )
        yield path, expected
