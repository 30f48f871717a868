"""Make chunks of samples, each in a process, and keep them in the cache folder."""

from __future__ import annotations

import hashlib
import json
import logging
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, ClassVar, Final, Protocol
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from amphitrite.engine import workers
from amphitrite.errors import BadInput
from amphitrite.places import cache_directory
from amphitrite_training.fitting.caching import made_aside

logger = logging.getLogger(__name__)

_NPY_HEADER: Final = 128
_TOGETHER: Final = 100


class Chunk(Protocol):
    """Description of a chunk, a frozen dataclass of JSON types."""

    __dataclass_fields__: ClassVar[dict[str, Any]]
    KEPT_AS: ClassVar[str]
    """Path in the cache folder, to which a digest of the description is appended."""
    CONTENTS: ClassVar[str]
    """What the chunk holds, in the plural, for messages."""
    ROOM: ClassVar[str]
    """The disk space that it takes, for messages."""
    VERSION: ClassVar[int]
    """Raised when the same chunk would come out differently."""

    def write(self, folder: Path) -> None:
        """Write the samples into an existing folder; the same ones each time."""


def cached(chunks: Sequence[Chunk]) -> list[Path]:
    """Return the folders of chunks; those that the cache does not hold are made.

    Parameters
    ----------
    chunks : sequence of Chunk
        The chunks that are wanted.

    Returns
    -------
    list of Path
        One per chunk, as its ``write`` has filled it.

    Raises
    ------
    OutputError
        The cache folder cannot be written to.
    """
    folders = [_folder(chunk) for chunk in chunks]
    missing = [
        (chunk, folder)
        for chunk, folder in zip(chunks, folders, strict=True)
        if not folder.exists()
    ]
    if len(missing) == 1:
        _make(*missing[0])
    elif missing:
        with workers.pool(min(len(missing), os.cpu_count() or 1)) as pool:
            for n, _ in enumerate(pool.map(_make, *zip(*missing, strict=True)), 1):
                contents = missing[0][0].CONTENTS
                logger.info("made %d of %d chunks of %s", n, len(missing), contents)
    return folders


def _folder(chunk: Chunk) -> Path:
    what = json.dumps(
        [chunk.VERSION, type(chunk).__name__, asdict(chunk)], sort_keys=True
    )
    name = hashlib.sha256(what.encode()).hexdigest()[:20]
    return cache_directory() / f"{chunk.KEPT_AS}-{name}"


def _make(chunk: Chunk, folder: Path) -> None:
    """Make a chunk aside, and give the folder its name once it is whole."""
    with made_aside(folder, what=chunk.CONTENTS, room=chunk.ROOM) as aside:
        aside.mkdir()
        chunk.write(aside)


def loaded(path: Path, contents: str) -> Any:
    """Return what stands in a file of a chunk.

    Parameters
    ----------
    path : Path
        An array (.npy), which is mapped into memory, or an archive of arrays (.npz).
    contents : str
        What it holds, in the plural, for the message.

    Returns
    -------
    ndarray, or dict of str to ndarray

    Raises
    ------
    BadInput
        The file is damaged.
    """
    try:
        if path.suffix == ".npy":  # an empty file cannot be mapped into memory
            empty = path.stat().st_size <= _NPY_HEADER
            return np.load(path, mmap_mode=None if empty else "r")
        with path.open("rb") as file, np.load(file) as content:
            return dict(content)
    except (OSError, EOFError, ValueError, BadZipFile) as error:
        raise BadInput(
            f"the {contents} in {path.parent} are damaged ({path.name}: {error}); "
            "remove that folder, and they are made again"
        ) from error


def pieces(first: int, n: int) -> Iterator[tuple[int, int]]:
    """Yield the first number and the length of chunks of a hundred, which hold n."""
    for begin in range(first, first + n, _TOGETHER):
        yield begin, min(_TOGETHER, first + n - begin)


def write_records(path: Path, records: Sequence[Mapping[str, Any]]) -> None:
    """Write an archive with an array for each key of some records."""
    np.savez(path, **{key: [each[key] for each in records] for key in records[0]})


def joined(folders: Sequence[Path], name: str, contents: str) -> dict[str, Any]:
    """Return the columns of the archives of some chunks, one after the other.

    Parameters
    ----------
    folders : sequence of Path
        The chunks.
    name : str
        The archive's file name.
    contents : str
        See `loaded`, also for the errors.
    """
    tables = [loaded(folder / name, contents) for folder in folders]
    return {key: np.concatenate([table[key] for table in tables]) for key in tables[0]}


def row(chunks: Sequence[NDArray[Any]], number: int) -> NDArray[Any]:
    """Return the row of a number, counted through the arrays of some chunks."""
    ends = np.cumsum([len(chunk) for chunk in chunks])
    place = int(np.searchsorted(ends, number, side="right"))
    return chunks[place][number - (ends[place - 1] if place else 0)]
