"""Limits on the size, number and names of the files that an archive may unpack."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Protocol

from amphitrite.errors import BadInput, OutputError

# More than ten times the size of the model repository (less than 150 MB, the largest
# file less than 50 MB): a larger archive is not one of Amphitrite's.
UNPACKED_BYTES: Final = 2_000_000_000
FILE_BYTES: Final = 1_000_000_000
ENTRIES: Final = 10_000
LIMITS: Final = (
    f"at most {ENTRIES:,} entries, {UNPACKED_BYTES / 1e9:g} GB in all and "
    f"{FILE_BYTES / 1e9:g} GB in one file are unpacked"
)

_DEPTH: Final = 16
_NAME_BYTES: Final = 255  # of most file systems
_CHUNK: Final = 1 << 20


class Source(Protocol):
    """The contents of one file, while they are unpacked."""

    def read(self, size: int, /) -> bytes:
        """Return the next `size` bytes, or fewer at the end."""


class Unpacking:
    """A folder while an archive is unpacked into it.

    Parameters
    ----------
    folder : Path
        The folder, empty at first; no other process writes there.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._entries = 0
        self._bytes = 0
        self._names: dict[str, str] = {}
        self._files: set[str] = set()

    def add_folder(self, name: str) -> None:
        """Create a folder.

        Raises
        ------
        BadInput
            The archive has too many entries, or the name is refused; see `add_file`.
        OutputError
            The folder cannot be created.
        """
        target = self._enter(name, is_file=False)
        with _writing(target):
            target.mkdir(parents=True, exist_ok=True)

    def add_file(self, name: str, source: Source, *, announced: int) -> None:
        """Write a file.

        Parameters
        ----------
        name : str
            Its path in the archive.
        source : Source
            Its contents.
        announced : int
            Its size in bytes according to the archive.  The limits hold for the bytes
            that really come as well.

        Raises
        ------
        BadInput
            The file is too large, or the archive has too many entries; or its name
            leads out of the folder, has invisible characters, or is that of another
            entry on file systems that ignore case.
        OutputError
            The file cannot be written.
        """
        target = self._enter(name, is_file=True)
        self._check_size(announced, name)
        with _writing(target):
            target.parent.mkdir(parents=True, exist_ok=True)
            file = target.open("xb")
        size = 0
        with file:
            while chunk := source.read(_CHUNK):
                size += len(chunk)
                self._check_size(size, name)
                with _writing(target):
                    file.write(chunk)
        self._bytes += size

    def _check_size(self, size: int, name: str) -> None:
        """Refuse a file that exceeds the limit of one file or of the archive."""
        if not 0 <= size <= min(FILE_BYTES, UNPACKED_BYTES - self._bytes):
            raise BadInput(f"{name!r} makes it too large; {LIMITS}")

    def _enter(self, name: str, *, is_file: bool) -> Path:
        """Return the path of a new entry; refuse a name that another entry has."""
        self._entries += 1
        if self._entries > ENTRIES:
            raise BadInput(f"it has too many entries; {LIMITS}")
        parts = _parts(name)
        for end in range(1, len(parts) + 1):
            path = "/".join(parts[:end])
            known = self._names.setdefault(_folded(path), path)
            if known != path:
                raise BadInput(
                    f"{known!r} and {path!r} are one name to some file systems"
                )
            last = end == len(parts)
            if path in self._files or (last and is_file and self._has(path)):
                raise BadInput(f"it has {path!r} twice")
        if is_file:
            self._files.add("/".join(parts))
        return self._folder.joinpath(*parts)

    def _has(self, path: str) -> bool:
        return (self._folder / path).exists()


def _parts(name: str) -> list[str]:
    """Return the parts of an entry's path; refuse parts that are unsafe as names."""
    parts = [part for part in name.split("/") if part not in ("", ".")]
    if name.startswith("/") or ".." in parts or len(parts) > _DEPTH:
        raise BadInput(f"{name!r} would be written outside its folder, or too deep")
    for part in parts:
        # control characters, invisible format characters, unpaired surrogates
        hidden = any(unicodedata.category(letter)[0] == "C" for letter in part)
        if hidden or "\\" in part or len(part.encode(errors="replace")) > _NAME_BYTES:
            raise BadInput(f"{name!r} is no name for a file")
    return parts


def _folded(path: str) -> str:
    """Return a path without differences of case and of Unicode normalisation."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", path).casefold())


@contextmanager
def _writing(target: Path) -> Iterator[None]:
    """Turn errors of writing into `OutputError`; errors of reading are outside."""
    try:
        yield
    except OSError as error:
        raise OutputError(f"{target} cannot be written: {error}") from error
