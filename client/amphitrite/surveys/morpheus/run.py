"""A run of morpheus: from an image in four bands to maps and a catalogue."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

from amphitrite.engine import control as engine_control
from amphitrite.engine import execution
from amphitrite.engine.control import Control, Summary
from amphitrite.engine.journal import Journal
from amphitrite.engine.provenance import Provenance
from amphitrite.engine.session import Session
from amphitrite.errors import BadInput
from amphitrite.files.choices import Choices
from amphitrite.files.steady import Steady
from amphitrite.surveys.morpheus.interpret.sums import Sums, merge
from amphitrite.surveys.morpheus.options import Options
from amphitrite.surveys.morpheus.page import BANDS, MODEL, PROBABILITIES, PRODUCTS
from amphitrite.surveys.morpheus.prepare.bands import Band
from amphitrite.surveys.morpheus.prepare.conditions import outside_training
from amphitrite.surveys.morpheus.prepare.inputs import (
    files_of,
    hdu_cards,
    named_hdus,
    object_card,
    open_bands,
)
from amphitrite.surveys.morpheus.prepare.windows import strips, window_starts
from amphitrite.surveys.morpheus.products import write_products
from amphitrite.surveys.morpheus.work import StripOfBands, prepare
from amphitrite.triton.served import ServedModel, Server

# A strip's sums take 92 bytes a pixel; two strips are at work at a time.  Lower strips
# than this would mostly overlap their neighbours.
_BYTES_PER_PIXEL: Final = 92
_STRIP_BYTES: Final = 64_000_000
_LEAST_ROWS: Final = 60
_PRODUCT_BYTES_PER_PIXEL: Final = 70


@dataclass(frozen=True)
class Result(engine_control.Result):
    """Catalogue of sources, and the folder with it and the maps.

    Its stages are classifying and writing.

    Parameters
    ----------
    catalogue : Path
        The file of the catalogue.
    """

    catalogue: Path


def run(
    inputs: Sequence[Path],
    connecting: AbstractContextManager[Server],
    out: Path,
    options: Options,
    control: Control | None = None,
) -> engine_control.Result:
    """Classify an image given as four FITS files, in H, J, V, z order.

    Strips of the image are what shards divide among themselves.

    Parameters
    ----------
    inputs : sequence of Path
        The four bands on one pixel grid; see
        `amphitrite.surveys.morpheus.prepare.inputs.files_of`.
    connecting, out, options, control
        See `amphitrite.surveys.Survey`; the result is a folder.

    Returns
    -------
    Result
        The catalogue and where everything was written; of a shard, its part.

    Raises
    ------
    AmphitriteError
        See `amphitrite.errors`; nothing then stands under the name ``out``.
    """
    named = named_hdus(files_of(inputs), options.hdu)
    files = [path for path, _ in named]
    steady, choices = Steady(files), Choices()
    with open_bands(named, choices) as images:
        units = _units(images, options, steady)
        flags = outside_training(images, choices)
        with Session(
            *(MODEL.name, out, connecting, control),
            inputs=files,
            products={*PRODUCTS, options.catalogue},
            disk_bytes=_disk(images, units),
        ) as session:
            session.stage("classifying")
            (model,) = session.models(MODEL)
            provenance = _provenance(images, model, session.control)
            batch = min(options.batch, model.max_batch)
            provenance = session.record(
                provenance, **_recorded(images, options), batch=batch
            )
            own = session.own(units, lambda unit: unit.key)
            summary = session.serve(
                "classifying",
                *(own, sum(unit.size for unit in own)),
                *(partial(prepare, batch=batch), model),
                outputs=[PROBABILITIES],
            )
            _check_whole(summary)
            if session.control.shard is not None:
                steady.check()
                return session.part(inputs, options, summary)
            session.stage("writing")
            read = object_card(images[BANDS[0]]) | hdu_cards(images) | choices.cards
            table = write_products(
                merge(_sums(session.journal, units)),
                images,
                session.result,
                catalogue=options.catalogue,
                report=options.report,
                flags=flags,
                cards=read
                | choices.cards
                | provenance.cards
                | {"STRIDE": options.stride},
            )
            steady.check()
            session.publish()
    catalogue = out / options.catalogue
    return Result(table, summary, out, session.seconds, catalogue)


def _provenance(
    images: Mapping[str, Band], model: ServedModel, control: Control
) -> Provenance:
    """Return the provenance of the bands, in their order."""
    paths = [images[band].path for band in BANDS]
    return Provenance.of(paths, model, control.command)


def _recorded(images: Mapping[str, Band], options: Options) -> dict[str, Any]:
    """Return the choices that must be the same when the run is resumed."""
    return {
        "stride": options.stride,
        "strip_rows": _strip_rows(images, options),
        "hdus": list(hdu_cards(images).values()),
    }


def _check_whole(summary: Summary) -> None:
    """Check that every strip could be read."""
    if summary.skipped:
        raise BadInput("; ".join(dict.fromkeys(summary.skipped.values())))


def _sums(journal: Journal, units: Sequence[execution.Unit]) -> Iterator[Sums]:
    """Yield the sums of each strip from the journal."""
    for unit in units:
        yield Sums.from_arrays(journal.read(unit.key))


def _strip_rows(images: Mapping[str, Band], options: Options) -> int:
    """Return the number of image rows that are worked on together."""
    _, nx = images[BANDS[0]].shape
    return options.strip_rows or max(
        _LEAST_ROWS, _STRIP_BYTES // (_BYTES_PER_PIXEL * nx)
    )


def _units(
    images: Mapping[str, Band], options: Options, steady: Steady
) -> list[execution.Unit]:
    """Return the strips of the image."""
    ny, nx = images[BANDS[0]].shape
    n_columns = len(window_starts(nx, options.stride))
    height = _strip_rows(images, options)
    return [
        execution.Unit(
            key=f"rows {strip.rows[0]} to {strip.rows[1] - 1}",
            payload=StripOfBands(images, strip, options.stride, steady),
            size=len(strip.starts) * n_columns,
        )
        for strip in strips(ny, stride=options.stride, height=height)
    ]


def _disk(images: Mapping[str, Band], units: Sequence[execution.Unit]) -> int:
    """Return the disk space, in bytes, that journal and products will take."""
    ny, nx = images[BANDS[0]].shape
    rows = 0
    for unit in units:
        first, stop = unit.payload.strip.core_rows
        rows += stop - first
    return nx * (rows * _BYTES_PER_PIXEL + ny * _PRODUCT_BYTES_PER_PIXEL)
