"""A run of calnet: from light curves to a catalogue of eclipsing binaries."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from amphitrite.engine import control as engine_control
from amphitrite.engine.control import Control, Summary
from amphitrite.engine.provenance import Provenance
from amphitrite.engine.session import Session
from amphitrite.errors import BadInput
from amphitrite.files import catalogues, drawings, lists
from amphitrite.surveys.calnet.catalogue import COLUMNS, interpret
from amphitrite.surveys.calnet.interpret import stars
from amphitrite.surveys.calnet.interpret.stars import Scored
from amphitrite.surveys.calnet.learned import Learned
from amphitrite.surveys.calnet.options import Options
from amphitrite.surveys.calnet.page import MODEL
from amphitrite.surveys.calnet.prepare.notes import choices
from amphitrite.surveys.calnet.prepare.placing import star_key
from amphitrite.surveys.calnet.work import draw_sheet, measure, score
from amphitrite.triton.served import Server

_JOURNAL_BYTES: Final = 8192  # of a file and a star, and more
_NOUN: Final = "light curve"


@dataclass(frozen=True)
class Result(engine_control.Result):
    """Catalogue of stars, and numbers of the search.

    Its stages are scoring, measuring and writing; ``summary.skipped`` lists the files
    that could not be used, and why.

    Parameters
    ----------
    n_files : int
        Files given.
    n_segments : int
        Segments judged.
    n_candidates : int
        Stars that reach the threshold.
    threshold : float
        The threshold.
    """

    n_files: int
    n_segments: int
    n_candidates: int
    threshold: float


def run(
    inputs: Sequence[Path],
    connecting: AbstractContextManager[Server],
    out: Path,
    options: Options,
    control: Control | None = None,
) -> engine_control.Result:
    """Find eclipsing binaries in light curves.

    In a shard these are all files of its stars.

    Parameters
    ----------
    inputs : sequence of Path
        Files, patterns, folders and lists; see `amphitrite.files.lists.found`.
    connecting, out, options, control
        See `amphitrite.surveys.Survey`; the result is the catalogue's file.

    Returns
    -------
    Result
        The catalogue, and numbers of files, segments and candidates; of a shard, its
        part.

    Raises
    ------
    AmphitriteError
        See `amphitrite.errors`; nothing then stands under the name ``out``.
    """
    files, skipped = lists.found(inputs)
    with Session(
        *(MODEL.name, out, connecting, control),
        inputs=files,
        disk_bytes=len(files) * _JOURNAL_BYTES,
    ) as session:
        _check_no_pictures(options, session.control)
        drawings.check_folder(options.plots, "candidates", replace=session.may_replace)
        session.stage("scoring")
        (model,) = session.models(MODEL)
        learned = Learned.of(model.spec)
        threshold = options.threshold or learned.threshold
        how, command = learned.interpolation, session.control.command
        provenance = Provenance.of_many(files, model, command, noun=_NOUN)
        provenance = session.record(
            provenance, plots=_full(options.plots), batch=model.max_batch
        )
        own = session.own(files, star_key)
        scored, summary = score(session, model, own, interpolation=how)
        if not (scored or session.control.shard):
            raise _none_usable(len(files), summary)
        summary.skipped |= skipped
        made = choices((file.path, file.notes) for file in scored)
        session.stage("measuring")
        found = stars.group(scored)
        candidates = [star for star in found if star.p_eb >= threshold]
        ephemerides = measure(
            session, model, candidates, interpolation=how, plots=options.plots
        )
        session.stage("writing")
        if session.control.shard is not None:
            return session.part(inputs, options, summary)
        cards = {
            **provenance.with_inputs(map(_named, scored), noun=_NOUN).cards,
            "NFILES": len(files),
            "NSKIPPED": len(summary.skipped),
            "THRESH": threshold,
            "INTERPOL": how,
            **made.cards,
        }
        columns = interpret(found, ephemerides, threshold=threshold)
        table = catalogues.table(COLUMNS, columns, cards)
        catalogues.write(table, session.result, provenance=cards)
        if options.plots is not None:
            draw_sheet(session, options.plots, candidates, ephemerides)
        session.publish()
    return Result(
        *(table, summary, out, session.seconds, len(files)),
        n_segments=sum(len(file.p_eb) for file in scored),
        n_candidates=len(candidates),
        threshold=threshold,
    )


def _check_no_pictures(options: Options, control: Control) -> None:
    """Refuse pictures in a shard, since stars are drawn as they are measured."""
    if control.shard is not None and options.plots is not None:
        raise BadInput(
            "--plots cannot be given with --shard, since a part holds no pictures; "
            "when the parts are merged, run calnet with --plots on the files of the "
            "candidates"
        )


def _none_usable(n_files: int, summary: Summary) -> BadInput:
    """Return the error that no file can be used."""
    reason = next(iter(summary.skipped.values()))
    return BadInput(f"none of the {n_files} files can be used; the first: {reason}")


def _full(folder: Path | None) -> str:
    """Return the full name of a folder, for the journal."""
    return str(folder and folder.absolute())


def _named(file: Scored) -> tuple[str, str]:
    """Return the name and the checksum of a file that was used."""
    return file.path.name, file.checksum
