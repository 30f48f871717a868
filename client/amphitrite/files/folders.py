"""Folders that Amphitrite created, recognised by a marker file in them.

A folder without the marker belongs to somebody else: nothing in it is removed or
replaced, and it is never moved, whatever its name and whatever the options.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Final

from amphitrite.files.standing import kind

MARKER: Final = "AMPHITRITE.txt"
"""Name of the marker file."""

_TEXT: Final = (
    "Amphitrite made this folder and may replace or remove what it has put into it; "
    "without this file it touches nothing here.\n"
)
_BEGINNING: Final = b"Amphitrite made this folder"

Contents = Mapping[str, Any]
"""Patterns of the names that Amphitrite writes in a folder; the value is None for a
file, and the contents of a subfolder for a subfolder."""


def mark(folder: Path) -> None:
    """Write the marker file into a folder."""
    (folder / MARKER).write_text(_TEXT)


def is_ours(folder: Path) -> bool:
    """Return whether a folder has the marker file."""
    marker = folder / MARKER
    if kind(folder) != "folder" or kind(marker) != "file":
        return False
    with marker.open("rb") as file:
        return file.read(len(_BEGINNING)) == _BEGINNING


def guests(folder: Path, ours: Contents) -> list[Path]:
    """Return the files and folders in a folder that Amphitrite did not write.

    Parameters
    ----------
    folder : Path
        A folder with the marker file.
    ours : Contents
        What Amphitrite writes there, apart from the marker file.

    Returns
    -------
    list of Path
        Everything else, also within subfolders that are listed in `ours`.
    """
    found: list[Path] = []
    for path, inside in _entries(folder, ours):
        if inside is _FOREIGN:
            found.append(path)
        elif inside is not None:
            found += guests(path, inside)
    return found


def clear(folder: Path, ours: Contents) -> None:
    """Remove all that Amphitrite wrote in a folder, apart from the marker file.

    Files of others, as `guests` lists them, stay, and so do the subfolders that hold
    them.

    Parameters
    ----------
    folder, ours
        See `guests`.
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
    """Yield each entry of a folder but the marker, with its value in `ours`."""
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
