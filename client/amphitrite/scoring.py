"""The first pass of a search through light curves: every file goes by the server."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from amphitrite import engine
from amphitrite.errors import BadInput
from amphitrite.fits import checksum
from amphitrite.journal import Journal
from amphitrite.stars import Scored
from amphitrite.triton import ServedModel

logger = logging.getLogger(__name__)


@dataclass
class FileWork:
    """One file on its way through the server (see `amphitrite.engine.Work`).

    Parameters
    ----------
    scored : Scored
        What is known of the file; its probabilities are filled in.
    tensors : mapping of str to (n, ...) ndarray
        The inputs of its segments, by name of the tensor.
    probability : str
        The output to take.
    batch : int
        Segments per request.
    """

    scored: Scored
    tensors: Mapping[str, NDArray[Any]]
    probability: str
    batch: int

    def requests(self) -> Iterator[tuple[slice, dict[str, NDArray[Any]]]]:
        """Yield the segments in batches."""
        for at in range(0, len(self.scored.p_eb), self.batch):
            where = slice(at, at + self.batch)
            yield where, {name: all_[where] for name, all_ in self.tensors.items()}

    def add(self, where: slice, outputs: Mapping[str, NDArray[Any]]) -> None:
        """Take the probabilities of one batch."""
        self.scored.p_eb[where] = outputs[self.probability][:, 0]

    def record(self) -> dict[str, NDArray[Any]]:
        """Return what the journal keeps of the file."""
        return self.scored.to_arrays()


def score(
    files: Sequence[Path],
    prepare: Callable[[Path], FileWork],
    model: ServedModel,
    journal: Journal,
    control: engine.Control,
    *,
    executor: Executor | None = None,
) -> tuple[list[Scored], engine.Summary]:
    """Have every file judged.

    Parameters
    ----------
    files : sequence of Path
        The files.
    prepare : callable
        Reads one.
    model : ServedModel
        Who judges.
    journal : Journal
        Where the answers are kept; files found in it are not judged again.
    control : Control
        How to run.
    executor : Executor, optional
        What reads them; see `amphitrite.engine.execute`.

    Returns
    -------
    scored : list of Scored
        What is known of each usable file, in the order of the files.
    summary : Summary
        What was done and skipped.

    Raises
    ------
    BadInput
        No file can be used.
    ServerError
        See `amphitrite.engine.execute`.
    """
    if control.resume:
        _forget_changed(files, journal, executor)
    units = (engine.Unit(_key(path), path) for path in files)
    with control.progress("scoring", len(files)) as advance:
        summary = engine.execute(
            *(units, prepare, model, journal),
            limits=control.limits,
            executor=executor,
            advance=advance,
        )
    scored = [
        Scored.from_arrays(path, journal.read(key))
        for path in files
        if (key := _key(path)) in journal
    ]
    if not scored:
        reasons = list(summary.skipped.values())
        raise BadInput(
            f"none of the {len(files)} files can be used; the first: {reasons[0]}"
        )
    return scored, summary


def _forget_changed(
    files: Sequence[Path], journal: Journal, executor: Executor | None
) -> None:
    """Have files judged anew whose content is not what was judged, and say which."""
    judged = [path for path in files if _key(path) in journal]
    known = [_checksum(path, journal) for path in judged]
    with nullcontext(executor) if executor else ThreadPoolExecutor(1) as readers:
        same = list(readers.map(_is_unchanged, judged, known))
    for path, unchanged in zip(judged, same, strict=True):
        if not unchanged:
            logger.warning(
                "%s has another content than the interrupted run judged; it is judged "
                "anew",
                path,
            )
            journal.forget(_key(path))


def _checksum(path: Path, journal: Journal) -> str:
    return Scored.from_arrays(path, journal.read(_key(path))).checksum


def _is_unchanged(path: Path, known: str) -> bool:
    try:
        return checksum(path) == known
    except BadInput:  # it is gone, or cannot be read: judging it tells
        return False


def _key(path: Path) -> str:
    return f"file {path}"
