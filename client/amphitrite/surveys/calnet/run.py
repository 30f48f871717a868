"""The whole way of light curves: from files to a catalogue of eclipsing binaries."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

import numpy as np

from amphitrite.engine import beside, execution
from amphitrite.engine import control as engine_control
from amphitrite.engine.control import Control
from amphitrite.engine.provenance import Provenance
from amphitrite.engine.staging import Staging
from amphitrite.files import catalogues, lists
from amphitrite.surveys.calnet import products as calnet_products
from amphitrite.surveys.calnet import work as calnet_work
from amphitrite.surveys.calnet.catalogue import COLUMNS, interpret
from amphitrite.surveys.calnet.interpret import stars
from amphitrite.surveys.calnet.learned import Learned
from amphitrite.surveys.calnet.options import Options
from amphitrite.surveys.calnet.page import MODEL
from amphitrite.surveys.calnet.products import check_folder, make_folder, write_sheet
from amphitrite.surveys.calnet.work import prepare, thumbnails
from amphitrite.triton.connection import Connection

_JOURNAL_BYTES: Final = 8192  # of a file and a star, and more
_NOUN: Final = "light curve"
_STAGES: Final = ("scoring", "measuring", "writing")


@dataclass(frozen=True)
class Result(engine_control.Result):
    """What a search gives back.

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
    seconds : mapping of str to float
        Wall time of the stages: scoring, measuring and writing.
    """

    n_files: int
    n_segments: int
    n_candidates: int
    threshold: float
    seconds: Mapping[str, float]


def run(
    inputs: Sequence[Path],
    connecting: AbstractContextManager[Connection],
    out: Path,
    options: Options,
    control: Control | None = None,
) -> Result:
    """Find eclipsing binaries in light curves.

    Parameters
    ----------
    inputs : sequence of Path
        Files, patterns and lists; see `amphitrite.files.lists.expand`.
    connecting : context manager
        Gives a connection to a server with the model; entered once the inputs and the
        output are known to be usable.
    out : Path
        The catalogue's file; its suffix chooses the format.
    options : Options
        How to search.
    control : Control, optional
        How to run.

    Returns
    -------
    Result
        The catalogue and what it was made of; ``summary.skipped`` lists the files that
        could not be used, and why.

    Raises
    ------
    AmphitriteError
        See `amphitrite.errors`; nothing then stands under the name ``out``.
    """
    control = control or Control()
    catalogues.check_suffix(out)
    files = lists.expand(inputs)
    beside.check_distinct([], out, files)
    with ExitStack() as stack:
        staging = stack.enter_context(
            Staging(out, resume=control.resume, overwrite=control.overwrite)
        )
        staging.require(len(files) * _JOURNAL_BYTES)
        replace = control.overwrite or control.resume
        if options.plots is not None:
            check_folder(options.plots, replace=replace)
        clock = [time.monotonic()]
        model = stack.enter_context(connecting).model(MODEL)
        learned = Learned.of(model.spec)
        threshold = options.threshold or learned.threshold
        provenance = Provenance.of_many(files, model, control.command, noun=_NOUN)
        head = {
            "survey": MODEL.name,
            "plots": str(options.plots and options.plots.absolute()),
            "batch": model.max_batch,
            **provenance.identity,
        }
        journal = stack.enter_context(
            execution.recording(staging, head, resume=control.resume)
        )
        work = partial(
            prepare, interpolation=learned.interpolation, batch=model.max_batch
        )
        pool = stack.enter_context(execution.pool(control.limits))
        scored, summary = calnet_work.score(
            *(files, work, model, journal, control), executor=pool
        )
        clock.append(time.monotonic())
        found = stars.group(scored)
        candidates = [star for star in found if star.p_eb >= threshold]
        if options.plots is not None:
            make_folder(options.plots)
        ephemerides = calnet_work.measure(
            *(candidates, model, journal, control),
            interpolation=learned.interpolation,
            plots=options.plots,
            executor=pool,
        )
        clock.append(time.monotonic())
        cards = {
            **provenance.with_inputs(
                ((file.path.name, file.checksum) for file in scored), noun=_NOUN
            ).cards,
            "NFILES": len(files),
            "NSKIPPED": len(summary.skipped),
            "THRESH": threshold,
            "INTERPOL": learned.interpolation,
        }
        table = catalogues.table(
            COLUMNS, interpret(found, ephemerides, threshold=threshold), cards
        )
        catalogues.write(table, staging.result, provenance=cards)
        if options.plots is not None:
            best = calnet_products.best(candidates)
            folded = thumbnails(best, journal)
            write_sheet(*(options.plots, best, ephemerides, folded), replace=replace)
        journal.close()
        staging.publish()
        clock.append(time.monotonic())
    return Result(
        *(table, summary, out, len(files)),
        n_segments=sum(len(file.p_eb) for file in scored),
        n_candidates=len(candidates),
        threshold=threshold,
        seconds=dict(zip(_STAGES, np.diff(clock).tolist(), strict=True)),
    )
