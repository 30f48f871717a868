"""A folder that an archive is unpacked into, with bounds on all that it may bring."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Protocol

from amphitrite.errors import BadInput, OutputError

# The whole model repository has less than 150 MB, its largest file less than 50 MB: ten
# times as much and more is none of ours.
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
        """Return so many bytes, or fewer at the end."""


class Unpacking:
    """An empty folder of our own, while it is filled.

    Parameters
    ----------
    folder : Path
        The folder; nobody else writes there.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._entries = 0
        self._bytes = 0
        self._names: dict[str, str] = {}
        self._files: set[str] = set()

    def add_folder(self, name: str) -> None:
        """Make a folder.

        Raises
        ------
        BadInput
            It is one entry too many, or has a name that is refused; see `add_file`.
        OutputError
            It cannot be made.
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
            What is in it.
        announced : int
            Its size, as the archive says; bytes.  What really comes counts too.

        Raises
        ------
        BadInput
            It is too large or one too many; its name leads out of the folder, has
            characters that do not show, or is another's to some file systems.
        OutputError
            It cannot be written.
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
        """Refuse a file that is larger than what is left for it."""
        if not 0 <= size <= min(FILE_BYTES, UNPACKED_BYTES - self._bytes):
            raise BadInput(f"{name!r} makes it too large; {LIMITS}")

    def _enter(self, name: str, *, is_file: bool) -> Path:
        """Return where an entry belongs, if its name is like no other."""
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
    """Return the parts of an entry's name, each of which may be a name."""
    parts = [part for part in name.split("/") if part not in ("", ".")]
    if name.startswith("/") or ".." in parts or len(parts) > _DEPTH:
        raise BadInput(f"{name!r} would be written outside its folder, or too deep")
    for part in parts:
        # control characters, marks that do not show, halves of characters
        hidden = any(unicodedata.category(letter)[0] == "C" for letter in part)
        if hidden or "\\" in part or len(part.encode(errors="replace")) > _NAME_BYTES:
            raise BadInput(f"{name!r} is no name for a file")
    return parts


def _folded(path: str) -> str:
    """Return how a path reads where case and the form of letters do not count."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", path).casefold())


@contextmanager
def _writing(target: Path) -> Iterator[None]:
    """Tell failures to write from failures to read."""
    try:
        yield
    except OSError as error:
        raise OutputError(f"{target} cannot be written: {error}") from error
