"""Make chunks of samples, each in a process, and keep them in the cache folder."""

from __future__ import annotations

import hashlib
import json
import logging
import os
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, ClassVar, Protocol

from amphitrite.engine import workers
from amphitrite.places import cache_directory
from amphitrite_training.fitting.caching import made_aside

logger = logging.getLogger(__name__)


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
