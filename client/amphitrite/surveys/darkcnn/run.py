"""A run of darkCNN: from maps of clusters to a cross-section."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from astropy.table import QTable

from amphitrite.engine import control as engine_control
from amphitrite.engine.control import Control
from amphitrite.engine.provenance import Provenance
from amphitrite.engine.session import Session
from amphitrite.files import catalogues, drawings, lists
from amphitrite.files.choices import Choices
from amphitrite.files.steady import Steady
from amphitrite.surveys.darkcnn import pictures, products
from amphitrite.surveys.darkcnn.catalogue import COLUMNS, interpret
from amphitrite.surveys.darkcnn.interpret import sample_table
from amphitrite.surveys.darkcnn.interpret.clusters import Clusters
from amphitrite.surveys.darkcnn.interpret.judgement import Judgement, judged
from amphitrite.surveys.darkcnn.interpret.posterior import Posterior
from amphitrite.surveys.darkcnn.learned import Learned, warning
from amphitrite.surveys.darkcnn.options import Options
from amphitrite.surveys.darkcnn.page import MODEL, WARNING
from amphitrite.surveys.darkcnn.prepare.inputs import MAP_FILES
from amphitrite.surveys.darkcnn.prepare.pieces import Listing, listed
from amphitrite.surveys.darkcnn.work import collected, judge, maps_of
from amphitrite.triton.served import ServedModel, Server

_JOURNAL_BYTES: Final = 100_000  # of a file with one cluster, and more
_NOUN: Final = "map file"
_MOST_NAMED: Final = 9  # files whose names and checksums stand in the header


@dataclass(frozen=True)
class Result(engine_control.Result):
    """Catalogue of clusters, and the estimate of the sample.

    Its stages are reading, judging and writing; ``summary.skipped`` lists the files and
    clusters that could not be used, and why.

    Parameters
    ----------
    sample : QTable
        The table of the sample.
    posterior : Posterior
        The calibrated estimate; its weights must never be used to publish a
        cross-section.
    n_files : int
        Files given.
    n_sample : int
        Clusters that count in the sample.
    warning : str
        What must be said first.
    """

    sample: QTable
    posterior: Posterior
    n_files: int
    n_sample: int
    warning: str = WARNING


def run(
    inputs: Sequence[Path],
    connecting: AbstractContextManager[Server],
    out: Path,
    options: Options,
    control: Control | None = None,
) -> engine_control.Result:
    """Measure the cross-section of dark matter with maps of clusters.

    Blocks of clusters are what shards divide among themselves; each lists all files.

    Parameters
    ----------
    inputs : sequence of Path
        Files, patterns, folders and lists; see `amphitrite.files.lists.found`.
    connecting, out, options, control
        See `amphitrite.surveys.Survey`; the result is the catalogue's file.

    Returns
    -------
    Result
        The catalogue, and the estimate of the sample; of a shard, its part.

    Raises
    ------
    AmphitriteError
        See `amphitrite.errors`; nothing then stands under the name ``out``.
    """
    files, skipped = lists.found(inputs, MAP_FILES)
    with Session(
        *(MODEL.name, out, connecting, control),
        inputs=files,
        beside=products.beside(out, options.likelihoods),
        disk_bytes=len(files) * _JOURNAL_BYTES,
    ) as session:
        replace = session.may_replace
        drawings.check_folder(options.plots, "the sample", replace=replace)
        session.stage("reading")
        steady = Steady(files)
        listing = listed(files, options.reading)
        session.stage("judging")
        (model,) = session.models(MODEL)
        learned = Learned.of(model.spec)
        provenance = _provenance(listing, model, session.control.command)
        provenance = session.record(provenance, reading=_stated(options))
        units, summary = judge(session, model, listing, options.reading)
        steady.check()  # the checksums are of the very files that were read
        if session.control.shard is not None:
            return session.part(inputs, options, summary)
        choices = Choices()
        clusters = collected(session, units, listing, choices, summary)
        summary.skipped |= skipped
        session.stage("writing")
        judgement = judged(clusters, learned)
        cards = {
            "WARNING": warning(model.spec),
            **sample_table.cards(judgement),
            **provenance.cards,
            "NFILES": len(files),
            "NCLUSTER": len(clusters),
            "NSKIPPED": len(summary.skipped),
            **choices.cards,
        }
        columns = interpret(clusters, judgement, learned)
        table = catalogues.table(COLUMNS, columns, cards)
        said = sample_table.columns(judgement)
        sample = catalogues.table(sample_table.COLUMNS, said, cards)
        products.write_tables(
            *(table, sample, session.result, cards), out=out, files=session.beside
        )
        if options.likelihoods is not None:
            with session.beside.aside(options.likelihoods) as path:
                products.write_likelihoods(path, clusters, judgement.sample, cards)
        if options.plots is not None:
            _draw(options, files, clusters, judgement, replace=replace)
        session.publish()
    return Result(
        *(table, summary, out, session.seconds, sample, judgement.posterior),
        n_files=len(files),
        n_sample=int(judgement.in_sample.sum()),
        warning=warning(model.spec),
    )


def _draw(
    options: Options,
    files: Sequence[Path],
    clusters: Clusters,
    judgement: Judgement,
    *,
    replace: bool,
) -> None:
    """Draw the sample, with the maps of a few clusters, read once more."""
    if options.plots is None:
        return
    shown = []
    for rows in pictures.extremes(clusters.probabilities):
        few = clusters.take(rows)
        maps = maps_of(few, files, options.reading)
        each = zip(few.name.tolist(), few.probabilities, maps, strict=True)
        shown.append([pictures.Shown(*cluster) for cluster in each])
    drawings.make_folder(options.plots)
    most, least = shown
    products.draw(options.plots, clusters, judgement, (most, least), replace=replace)


def _provenance(listing: Listing, model: ServedModel, command: str) -> Provenance:
    """Return the provenance: each file by name, or one digest of many."""
    if len(listing.sums) <= _MOST_NAMED:
        return Provenance.by(model, tuple(listing.sums), command)
    return Provenance.by(model, (), command).with_inputs(listing.sums, noun=_NOUN)


def _stated(options: Options) -> dict[str, Any]:
    """Return what must be the same when a run is resumed, in JSON types."""
    stated = asdict(options.reading)
    return {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in stated.items()
    }
