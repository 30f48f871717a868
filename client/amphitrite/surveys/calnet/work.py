"""Light curves and stars on their way through a run: first judged, then measured."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from amphitrite.engine import execution
from amphitrite.engine.control import Summary
from amphitrite.engine.journal import Journal
from amphitrite.engine.session import Session
from amphitrite.errors import BadInput
from amphitrite.files.checksums import checksum
from amphitrite.files.drawings import drawing, make_folder
from amphitrite.surveys.calnet import pictures as calnet_pictures
from amphitrite.surveys.calnet import products as calnet_products
from amphitrite.surveys.calnet.interpret import periods
from amphitrite.surveys.calnet.interpret.folding import join
from amphitrite.surveys.calnet.interpret.periods import Ephemeris
from amphitrite.surveys.calnet.interpret.stars import IDENTITY, Scored, Star
from amphitrite.surveys.calnet.page import LIGHT_CURVE, P_EB, PERIODOGRAM
from amphitrite.surveys.calnet.prepare import inputs
from amphitrite.surveys.calnet.prepare.inputs import together
from amphitrite.surveys.calnet.products import file_name
from amphitrite.triton.served import ServedModel

logger = logging.getLogger(__name__)


@dataclass
class FileWork:
    """One file on its way through the server (see `amphitrite.engine.execution.Work`).

    Parameters
    ----------
    scored : Scored
        Identity of the star and the file; the probabilities are filled in.
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
        """Return the file's arrays for the journal."""
        return self.scored.to_arrays()


def score(
    session: Session,
    model: ServedModel,
    files: Sequence[Path],
    *,
    interpolation: str,
) -> tuple[list[Scored], Summary]:
    """First pass: send the segments of every file to the network.

    Parameters
    ----------
    session : Session
        The run; files found in its journal are not judged again.
    model : ServedModel
        The network.
    files : sequence of Path
        The files.
    interpolation : {"pchip", "spline"}
        See `amphitrite.surveys.calnet.prepare.segments.segments`.

    Returns
    -------
    scored : list of Scored
        Identity and probabilities of each usable file, in the order of the files.
    summary : Summary
        Numbers of files done and resumed, and the skipped ones.

    Raises
    ------
    ServerError
        See `amphitrite.engine.execution.execute`.
    """
    journal = session.journal
    if session.control.resume:
        _forget_changed(files, journal, session.pool)
    units = (execution.Unit(_file_key(path), path) for path in files)
    work = partial(prepare, interpolation=interpolation, batch=model.max_batch)
    summary = session.serve("scoring", units, len(files), work, model)
    scored = [
        Scored.from_arrays(path, journal.read(key))
        for path in files
        if (key := _file_key(path)) in journal
    ]
    return scored, summary


def _forget_changed(files: Sequence[Path], journal: Journal, pool: Executor) -> None:
    """Forget the scores of files that have another content now, and name them."""
    judged = [path for path in files if _file_key(path) in journal]
    known = [_checksum(path, journal) for path in judged]
    same = pool.map(_is_unchanged, judged, known)
    for path, unchanged in zip(judged, same, strict=True):
        if not unchanged:
            logger.warning(
                "%s has another content than the interrupted run judged; it is judged "
                "anew",
                path,
            )
            journal.forget(_file_key(path))


def _checksum(path: Path, journal: Journal) -> str:
    return Scored.from_arrays(path, journal.read(_file_key(path))).checksum


def _is_unchanged(path: Path, known: str) -> bool:
    try:
        return checksum(path) == known
    except BadInput:  # it is gone, or cannot be read: the first pass reports it
        return False


def _file_key(path: Path) -> str:
    return f"file {path}"


@dataclass(frozen=True)
class Candidate:
    """A star whose period is to be found.

    Parameters
    ----------
    star : Star
        Which one.
    picture : Path, optional
        Where to draw it.
    replace : bool
        Whether a picture that is there may be replaced.
    """

    star: Star
    picture: Path | None = None
    replace: bool = False


@dataclass(frozen=True)
class StarWork:
    """A star whose period was found: nothing is asked of the server.

    Parameters
    ----------
    found : mapping of str to ndarray
        The ephemeris (see
        `amphitrite.surveys.calnet.interpret.periods.Ephemeris.to_arrays`) and a
        thumbnail.
    """

    found: Mapping[str, NDArray[Any]]

    def requests(self) -> Iterator[tuple[None, dict[str, NDArray[Any]]]]:
        """Yield nothing."""
        return iter(())

    def add(self, where: None, outputs: Mapping[str, NDArray[Any]]) -> None:
        """Take no answer, since nothing was asked."""

    def record(self) -> Mapping[str, NDArray[Any]]:
        """Return the star's arrays for the journal."""
        return self.found


def measure_star(candidate: Candidate, *, interpolation: str) -> StarWork:
    """Return the period of one star, which is also drawn.

    Parameters
    ----------
    candidate : Candidate
        Which star.
    interpolation : {"pchip", "spline"}
        See `amphitrite.surveys.calnet.prepare.segments.segments`.

    Raises
    ------
    BadInput
        A file cannot be read any more, or has another content than was judged.
    """
    files = candidate.star.files
    time, flux = join(together(files, interpolation=interpolation))
    ephemeris = periods.measure(time, flux)
    if candidate.picture is not None:
        with drawing(candidate.picture, replace=candidate.replace) as path:
            calnet_products.write(path, candidate.star, time, flux, ephemeris)
    thumbnail = calnet_pictures.thumbnail(time, flux, ephemeris)
    return StarWork({**ephemeris.to_arrays(), "thumbnail": thumbnail})


def measure(
    session: Session,
    model: ServedModel,
    candidates: Sequence[Star],
    *,
    interpolation: str,
    plots: Path | None = None,
) -> dict[str, Ephemeris]:
    """Second pass: find the orbital period of each candidate; nothing is served.

    Parameters
    ----------
    session : Session
        The run; stars found in its journal are not measured again.
    model : ServedModel
        The run's, which is asked nothing.
    candidates : sequence of Star
        The stars.
    interpolation : {"pchip", "spline"}
        See `amphitrite.surveys.calnet.prepare.segments.segments`.
    plots : Path, optional
        A folder for a picture of each; made if need be.

    Returns
    -------
    dict of str to Ephemeris
        By name of the star.

    Raises
    ------
    BadInput
        A file changed since it was judged.
    """
    if plots is not None:
        make_folder(plots)
    units = (
        execution.Unit(
            _star_key(star),
            Candidate(star, plots and plots / file_name(star), session.may_replace),
        )
        for star in candidates
    )
    work = partial(measure_star, interpolation=interpolation)
    summary = session.serve("measuring", units, len(candidates), work, model)
    if summary.skipped:
        raise BadInput(
            "files changed while they were searched; leave them alone during a run, "
            "and go on with --resume: " + "; ".join(summary.skipped.values())
        )
    return {
        star.name: Ephemeris.from_arrays(session.journal.read(_star_key(star)))
        for star in candidates
    }


def draw_sheet(
    session: Session,
    folder: Path,
    candidates: Sequence[Star],
    ephemerides: Mapping[str, Ephemeris],
) -> None:
    """Draw the best candidates on one sheet, after `measure`.

    Parameters
    ----------
    session : Session
        The run, in whose journal the folded light curves are.
    folder : Path
        Where.
    candidates : sequence of Star
        Those that were measured.
    ephemerides : mapping of str to Ephemeris
        By name of the star.
    """
    best = calnet_products.best(candidates)
    folded = thumbnails(best, session.journal)
    replace = session.may_replace
    calnet_products.write_sheet(folder, best, ephemerides, folded, replace=replace)


def thumbnails(stars: Iterable[Star], journal: Journal) -> dict[str, NDArray[Any]]:
    """Return the folded light curves of measured stars, by name."""
    return {star.name: journal.read(_star_key(star))["thumbnail"] for star in stars}


def _star_key(star: Star) -> str:
    """Return the journal's key of a star: its name, sectors and checksums."""
    contents = " ".join(file.checksum for file in star.files)
    return f"star {star.name} sectors {star.sectors} of {contents}"


def prepare(path: Path, *, interpolation: str, batch: int) -> FileWork:
    """Return one light curve file, read and preprocessed.

    Parameters
    ----------
    path : Path
        The file.
    interpolation : {"pchip", "spline"}
        See `amphitrite.surveys.calnet.prepare.segments.segments`.
    batch : int
        Segments per request.

    Raises
    ------
    BadInput
        The file cannot be used.
    """
    light_curve, found = inputs.usable_segments(path, interpolation=interpolation)
    return FileWork(
        Scored(
            path=path,
            **{name: getattr(light_curve, name) for name in IDENTITY},
            peak=periods.peak(*join(found)),
            p_eb=np.zeros(len(found), np.float32),
            start=np.array([segment.time[0] for segment in found]),
            stop=np.array([segment.time[-1] for segment in found]),
        ),
        {
            LIGHT_CURVE: np.stack([segment.light_curve for segment in found]),
            PERIODOGRAM: np.stack([segment.periodogram for segment in found]),
        },
        P_EB,
        batch,
    )
