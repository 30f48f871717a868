"""Make chunks of samples, each in a process, and keep them in the cache folder."""

from __future__ import annotations

import hashlib
import json
import logging
import os
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, ClassVar, Final, Protocol

from amphitrite.engine import workers
from amphitrite.places import cache_directory
from amphitrite_training.fitting.caching import made_aside
from amphitrite_training.surveys.calnet.samples import Sample, write

logger = logging.getLogger(__name__)

# Raised when the same chunk would come out differently.
_VERSION: Final = 1


class Chunk(Protocol):
    """Description of a chunk, a frozen dataclass of JSON types."""

    __dataclass_fields__: ClassVar[dict[str, Any]]

    def samples(self) -> Iterator[Sample]:
        """Yield the prepared segments; the same ones each time."""


def cached(chunks: Sequence[Chunk]) -> list[Path]:
    """Return the folders of chunks; those that the cache does not hold are made.

    Parameters
    ----------
    chunks : sequence of Chunk
        The chunks that are wanted.

    Returns
    -------
    list of Path
        One per chunk; `amphitrite_training.surveys.calnet.samples.read` opens them.

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
                logger.info("made %d of %d chunks of light curves", n, len(missing))
    return folders


def _folder(chunk: Chunk) -> Path:
    what = json.dumps([_VERSION, type(chunk).__name__, asdict(chunk)], sort_keys=True)
    name = hashlib.sha256(what.encode()).hexdigest()[:20]
    return cache_directory() / "light_curves" / f"calnet-{name}"


def _make(chunk: Chunk, folder: Path) -> None:
    """Make a chunk aside, and give the folder its name once it is whole."""
    with made_aside(
        folder, what="prepared light curves", room="10 kB for each segment"
    ) as aside:
        aside.mkdir()
        write(chunk.samples(), aside)
