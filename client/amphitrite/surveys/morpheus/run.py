"""The whole way of an image: from four bands to maps and a catalogue."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from functools import partial
from pathlib import Path
from typing import Final

from amphitrite.engine import execution
from amphitrite.engine.control import Control, Result
from amphitrite.engine.provenance import Provenance
from amphitrite.engine.staging import Staging
from amphitrite.errors import BadInput
from amphitrite.files.images import Image
from amphitrite.files.steady import Steady
from amphitrite.surveys.morpheus.interpret.sums import Sums, merge
from amphitrite.surveys.morpheus.options import Options
from amphitrite.surveys.morpheus.page import BANDS, MODEL, PROBABILITIES, PRODUCTS
from amphitrite.surveys.morpheus.prepare.inputs import object_card, open_bands
from amphitrite.surveys.morpheus.prepare.windows import strips, window_starts
from amphitrite.surveys.morpheus.work import StripOfBands, prepare
from amphitrite.triton.connection import Connection

# A strip's sums take 92 bytes a pixel; two strips are at work at a time.  Lower strips
# than this would mostly overlap their neighbours.
_BYTES_PER_PIXEL: Final = 92
_STRIP_BYTES: Final = 64_000_000
_LEAST_ROWS: Final = 60
_PRODUCT_BYTES_PER_PIXEL: Final = 70


def run(
    inputs: Sequence[Path],
    connecting: AbstractContextManager[Connection],
    out: Path,
    options: Options,
    control: Control | None = None,
) -> Result:
    """Classify an image given as four FITS files, in H, J, V, z order.

    Parameters
    ----------
    inputs : sequence of Path
        The four bands on one pixel grid.
    connecting : context manager
        Gives a connection to a server with the model; entered once the inputs and the
        output are known to be usable.
    out : Path
        The folder of the products.
    options : Options
        How to classify.
    control : Control, optional
        How to run.

    Returns
    -------
    Result
        The catalogue and where everything was written.

    Raises
    ------
    AmphitriteError
        See `amphitrite.errors`; nothing then stands under the name ``out``.
    """
    from amphitrite.surveys.morpheus.products import (
        write_products,  # which reads this page
    )

    control = control or Control()
    with ExitStack() as stack:
        steady = Steady(inputs)
        images = open_bands(inputs, stack)
        units = _units(images, options, steady)
        products = {*PRODUCTS, options.catalogue}
        staging = stack.enter_context(
            Staging(
                out,
                products=products,
                resume=control.resume,
                overwrite=control.overwrite,
            )
        )
        staging.require(_disk(images, units))
        model = stack.enter_context(connecting).model(MODEL)
        provenance = Provenance.of(inputs, model, control.command)
        batch = min(options.batch, model.max_batch)
        head = {
            "survey": MODEL.name,
            "stride": options.stride,
            "strip_rows": _strip_rows(images, options),
            "batch": batch,
            **provenance.identity,
        }
        journal = stack.enter_context(
            execution.recording(staging, head, resume=control.resume)
        )
        with control.progress("classifying", sum(u.size for u in units)) as advance:
            summary = execution.execute(
                units,
                partial(prepare, batch=batch),
                model,
                journal,
                outputs=[PROBABILITIES],
                limits=control.limits,
                advance=advance,
            )
        if summary.skipped:
            raise BadInput("; ".join(dict.fromkeys(summary.skipped.values())))
        table = write_products(
            merge(Sums.from_arrays(journal.read(unit.key)) for unit in units),
            images,
            staging.result,
            catalogue=options.catalogue,
            report=options.report,
            cards={
                **object_card(images[BANDS[0]]),
                **provenance.cards,
                "STRIDE": options.stride,
            },
        )
        steady.check()
        journal.close()
        staging.publish()
    return Result(table, summary, out)


def _strip_rows(images: Mapping[str, Image], options: Options) -> int:
    """Return how many rows are worked on together."""
    _, nx = images[BANDS[0]].shape
    return options.strip_rows or max(
        _LEAST_ROWS, _STRIP_BYTES // (_BYTES_PER_PIXEL * nx)
    )


def _units(
    images: Mapping[str, Image], options: Options, steady: Steady
) -> list[execution.Unit]:
    """Divide the image into strips."""
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


def _disk(images: Mapping[str, Image], units: Sequence[execution.Unit]) -> int:
    """Return the bytes that the journal and the products will take."""
    ny, nx = images[BANDS[0]].shape
    rows = 0
    for unit in units:
        first, stop = unit.payload.strip.core_rows
        rows += stop - first
    return nx * (rows * _BYTES_PER_PIXEL + ny * _PRODUCT_BYTES_PER_PIXEL)
