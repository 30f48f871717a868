"""A run of emri: from strain to a list of triggers."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from amphitrite.engine import control as engine_control
from amphitrite.engine.control import Control
from amphitrite.engine.provenance import Provenance
from amphitrite.engine.session import Session
from amphitrite.files import catalogues, drawings, lists
from amphitrite.surveys.emri import products
from amphitrite.surveys.emri.catalogue import Found, columns_for, interpret
from amphitrite.surveys.emri.interpret.triggers import triggers
from amphitrite.surveys.emri.learned import Learned, NoiseRun
from amphitrite.surveys.emri.options import Options
from amphitrite.surveys.emri.page import ASKED, MODEL
from amphitrite.surveys.emri.prepare.inputs import STRAIN_FILES, Stream, opened
from amphitrite.surveys.emri.work import (
    collected,
    collected_noise,
    judge,
    judge_noise,
    measure,
)
from amphitrite.triton.served import ServedModel, Server

_JOURNAL_BYTES: Final = 1_000_000
_NOUN: Final = "strain file"
_MOST_NAMED: Final = 9  # files whose names and checksums stand in the header


@dataclass(frozen=True)
class Result(engine_control.Result):
    """List of triggers, and numbers of the search.

    Its stages are reading, calibrating (if noise was judged), searching, measuring and
    writing; ``summary.skipped`` lists the files that could not be used, and why.

    Parameters
    ----------
    n_files : int
        Files given.
    n_segments : int
        Segments judged.
    n_triggers : int
        Triggers.
    days : float
        Length of the stretches that were searched in days.
    threshold : float
        The statistic beyond which a segment is part of a trigger.
    fap : float
        The false-alarm probability of a segment that belongs to it.
    """

    n_files: int
    n_segments: int
    n_triggers: int
    days: float
    threshold: float
    fap: float


def run(
    inputs: Sequence[Path],
    connecting: AbstractContextManager[Server],
    out: Path,
    options: Options,
    control: Control | None = None,
) -> engine_control.Result:
    """Find extreme-mass-ratio inspirals in a stream of strain.

    Blocks of time, and the noise of a calibration, are what shards divide among
    themselves.

    Parameters
    ----------
    inputs : sequence of Path
        Files, patterns, folders and lists; see `amphitrite.files.lists.found`.  All
        files are parts of one stream.
    connecting, out, options, control
        See `amphitrite.surveys.Survey`; the result is the list's file.

    Returns
    -------
    Result
        The triggers, and numbers of segments and days; of a shard, its part.

    Raises
    ------
    AmphitriteError
        See `amphitrite.errors`; nothing then stands under the name ``out``.
    """
    files, skipped = lists.found(inputs, STRAIN_FILES)
    plots = options.plots
    with Session(
        *(MODEL.name, out, connecting, control),
        inputs=files,
        disk_bytes=_JOURNAL_BYTES,
        threads=True,
    ) as session:
        drawings.check_folder(plots, "triggers", replace=session.may_replace)
        session.stage("reading")
        stream = opened(
            files, options.channels, psd=options.psd, whitened=options.whitened
        )
        skipped |= stream.skipped
        (spec,) = (model for model in ASKED if model.name == options.model)
        (model,) = session.models(spec)
        provenance = _provenance(stream, model, session.control.command)
        provenance = session.record(provenance, **_choices(options))
        noise = _noise(session, model, options, stream)
        session.stage("searching")
        blocks, summary = judge(
            session,
            model,
            stream.stretches,
            curves=stream.curves,
            overlap=options.overlap,
        )
        if noise is None:
            return session.part(inputs, options, summary)
        summary.skipped |= skipped
        session.stage("measuring")
        judged, threshold = collected(session, blocks), noise.threshold(options.fap)
        found = triggers(judged.start, judged.statistic, threshold)
        if plots is not None:
            drawings.make_folder(plots)
        tracks = measure(
            session, found, stream.stretches, curves=stream.curves, plots=plots
        )
        session.stage("writing")
        loudest = [trigger.loudest for trigger in found]
        columns = interpret(
            Found(found, tracks, judged.missing[loudest], judged.level[loudest]),
            noise=noise,
            zero=stream.zero,
            model=f"{model.spec.name} {model.version}",
        )
        cards = {
            **provenance.cards,
            "NFILES": len(files),
            "NSKIPPED": len(summary.skipped),
            "NSEGMENT": len(judged.start),
            "OVERLAP": options.overlap,
            "THRESH": threshold,
            "FAP": options.fap,
            "NNOISE": noise.n,
            "PSD": stream.psd,
            "CHANNELS": ",".join(options.channels),
            "TIMEZERO": stream.zero or "not stated",
            **stream.made.cards,
        }
        table = catalogues.table(columns_for(stream.zero), columns, cards)
        catalogues.write(table, session.result, provenance=cards)
        if plots is not None:
            products.draw_stream(
                *(plots, judged.start, judged.statistic, threshold, found),
                replace=session.may_replace,
            )
        session.publish()
    return Result(
        *(table, summary, out, session.seconds, len(files)),
        n_segments=len(judged.start),
        n_triggers=len(found),
        days=stream.days,
        threshold=threshold,
        fap=options.fap,
    )


def _noise(
    session: Session, model: ServedModel, options: Options, stream: Stream
) -> NoiseRun | None:
    """Return the noise that sets the threshold; None in a shard, which has some of it.

    Raises
    ------
    BadInput
        There is too little noise for the false-alarm probability.
    """
    if options.calibrate is None:
        noise = Learned.of(model.spec).noise
    else:
        session.stage("calibrating")
        seeds = judge_noise(session, model, options.calibrate, curves=stream.curves)
        if session.control.shard is not None:
            return None
        noise = collected_noise(session, seeds)
    noise.threshold(options.fap)
    return noise if session.control.shard is None else None


def _provenance(stream: Stream, model: ServedModel, command: str) -> Provenance:
    """Return the provenance: each file by name, or one digest of many."""
    if len(stream.files) <= _MOST_NAMED:
        return Provenance.by(model, stream.files, command)
    return Provenance.by(model, (), command).with_inputs(stream.files, noun=_NOUN)


def _choices(options: Options) -> dict[str, Any]:
    """Return what must be the same when a run is resumed."""
    return {
        "channels": list(options.channels),
        "psd": str(options.psd),
        "whitened": options.whitened,
        "overlap": options.overlap,
        "calibrate": options.calibrate,
    }
