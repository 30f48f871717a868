"""Morpheus: the morphology of every pixel of a four-band HST image.

A window of 40 x 40 pixels in H, J, V and z goes in; class probabilities for each of
its pixels come out.  Windows overlap, only the central 30 x 30 pixels of each count,
and what the windows say of a pixel is combined (see `amphitrite.windows`).
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from amphitrite import catalogs, engine, fits
from amphitrite.columns import Column
from amphitrite.errors import BadInput
from amphitrite.provenance import Provenance
from amphitrite.spec import ModelSpec, TensorSpec
from amphitrite.staging import Staging
from amphitrite.steady import Steady
from amphitrite.triton import Connection
from amphitrite.windows import (
    MARGIN,
    WINDOW,
    Strip,
    Sums,
    cut_windows,
    finite_windows,
    merge,
    strips,
    window_starts,
)

logger = logging.getLogger(__name__)

BANDS: Final = ("H", "J", "V", "z")
FILTERS: Final = ("F160W", "F125W", "F606W", "F850LP")
PROBABILITIES: Final = "probabilities"
LABELS: Final = ("spheroid", "disk", "irregular", "point_source", "background")
MORPHOLOGIES: Final = LABELS[:-1]

PRODUCTS: Final = (
    *(f"{label}.fits" for label in LABELS),
    "count.fits",
    "segmap.fits",
    "colour.png",
    "report.png",
)

# A strip's sums take 92 bytes a pixel; two strips are at work at a time.  Lower strips
# than this would mostly overlap their neighbours.
_BYTES_PER_PIXEL: Final = 92
_STRIP_BYTES: Final = 64_000_000
_LEAST_ROWS: Final = 60
_PRODUCT_BYTES_PER_PIXEL: Final = 70

REFERENCES: Final = (
    "Hausen & Robertson 2020, ApJS 248, 20, arXiv:1906.11248",
    "weights: PyPI package morpheus-astro 0.5.1 (MIT)",
)

MODEL: Final = ModelSpec(
    name="morpheus",
    inputs=(
        TensorSpec(
            name="windows",
            dtype="float32",
            shape=(WINDOW, WINDOW, len(BANDS)),
            axes=("y", "x", "band"),
            unit="",
            description=(
                "image windows in H, J, V, z order, in any linear unit common to the "
                "bands; the graph standardises each window over its bands jointly"
            ),
        ),
    ),
    outputs=(
        TensorSpec(
            name="logits",
            dtype="float32",
            shape=(WINDOW, WINDOW, len(LABELS)),
            axes=("y", "x", "label"),
            description="class scores before the softmax",
        ),
        TensorSpec(
            name=PROBABILITIES,
            dtype="float32",
            shape=(WINDOW, WINDOW, len(LABELS)),
            axes=("y", "x", "label"),
            description="class probabilities, summing to one over the labels",
            minimum=0.0,
            maximum=1.0,
        ),
    ),
    labels=LABELS,
    constants={"bands": list(BANDS), "margin_pixels": MARGIN},
    references=REFERENCES,
)

COLUMNS: Final = (
    Column("id", "int32", "", "meta.id;meta.main", "Label in segmap.fits"),
    Column(
        "x",
        "int32",
        "pix",
        "pos.cartesian.x;instr.pixel",
        "Column of the brightest H pixel, counted from 0",
    ),
    Column(
        "y",
        "int32",
        "pix",
        "pos.cartesian.y;instr.pixel",
        "Row of the brightest H pixel, counted from 0",
    ),
    Column("ra", "float64", "deg", "pos.eq.ra;meta.main", "Right ascension (ICRS)"),
    Column("dec", "float64", "deg", "pos.eq.dec;meta.main", "Declination (ICRS)"),
    Column("area", "int32", "pix2", "phys.angArea", "Number of pixels in the segment"),
    Column(
        "flux_h",
        "float64",
        "",
        "phot.flux;em.IR.H",
        "Sum of the H image over the segment, in its unit (BUNIT)",
    ),
    *(
        column
        for label in MORPHOLOGIES
        for column in (
            Column(
                f"p_{label}",
                "float32",
                "",
                "stat.probability;src.morph.type",
                f"Flux-weighted share of '{label}' among the four morphologies",
            ),
            Column(
                f"p_{label}_std",
                "float32",
                "",
                "stat.stdev;stat.probability;src.morph.type",
                f"Spread of '{label}' between overlapping windows",
            ),
        )
    ),
    Column("morphology", "str", "", "src.morph.type", "Class of the largest share"),
)


@dataclass(frozen=True)
class Options:
    """How an image is classified.

    Parameters
    ----------
    stride : int
        Pixels from one window to the next, 1 to 30; 1 is the original's.  Odd strides
        show the network's three poolings every phase of the image.
    batch : int
        Windows per request.
    strip_rows : int, optional
        Image rows worked on together; by default as many as keep the sums of a strip
        near 64 MB.
    catalogue : str
        Name of the catalogue in the output folder; its suffix chooses the format.
    report : bool
        Draw ``report.png``, which needs the ``plots`` extra.
    """

    stride: int = 3
    batch: int = 64
    strip_rows: int | None = None
    catalogue: str = "catalogue.fits"
    report: bool = True

    def __post_init__(self) -> None:
        if self.batch < 1 or (self.strip_rows is not None and self.strip_rows < 1):
            raise BadInput(
                "--batch and --strip-rows must be at least 1; received "
                f"{self.batch} and {self.strip_rows}"
            )
        catalogs.check_suffix(Path(self.catalogue))
        if Path(self.catalogue).name != self.catalogue or self.catalogue in PRODUCTS:
            raise BadInput(
                "--catalogue must be a plain file name that is no other product's; "
                f"received {self.catalogue}"
            )


@dataclass(frozen=True)
class StripOfBands:
    """One strip of the open images, whose files must stay: what `prepare` reads."""

    images: Mapping[str, fits.Image]
    strip: Strip
    stride: int
    steady: Steady


@dataclass
class StripWork:
    """One strip on its way through the server (see `amphitrite.engine.Work`).

    Parameters
    ----------
    pixels : ndarray of float32, shape (n_rows, nx, n_bands)
        The image rows that the strip's windows see, bands in H, J, V, z order.
    strip : Strip
        Which windows.
    stride, batch : int
        See `Options`.
    """

    pixels: NDArray[np.float32]
    strip: Strip
    stride: int
    batch: int
    sums: Sums = field(init=False)

    def __post_init__(self) -> None:
        first, stop = self.strip.core_rows
        shape = (len(LABELS), stop - first, self.pixels.shape[1])
        self.sums = Sums.zeros(first, shape)

    def requests(self) -> Iterator[tuple[Any, dict[str, NDArray[Any]]]]:
        """Yield where the windows of each batch are, and the batch itself."""
        ys, xs = finite_windows(self.pixels, self.strip.starts, self.stride)
        for at in range(0, len(ys), self.batch):
            y, x = ys[at : at + self.batch], xs[at : at + self.batch]
            windows = cut_windows(self.pixels, y - self.strip.starts[0], x)
            yield (y, x), {MODEL.inputs[0].name: windows}

    def add(self, where: Any, outputs: Mapping[str, NDArray[Any]]) -> None:
        """Add the answer to one batch."""
        ys, xs = where
        for y in np.unique(ys):
            row = ys == y
            self.sums.add_windows(int(y), xs[row], outputs[PROBABILITIES][row])

    def record(self) -> dict[str, NDArray[Any]]:
        """Return the strip's sums for the journal."""
        return self.sums.to_arrays()


def prepare(payload: StripOfBands, *, batch: int) -> StripWork:
    """Read one strip of the four bands.

    Parameters
    ----------
    payload : StripOfBands
        Which strip of which images.
    batch : int
        Windows per request.

    Raises
    ------
    BadInput
        A file cannot be read there, or is not as it was.
    """
    rows = [payload.images[band].rows(*payload.strip.rows) for band in BANDS]
    payload.steady.check()  # no strip of another content gets into the journal
    return StripWork(
        np.stack(rows, axis=-1),
        payload.strip,
        payload.stride,
        batch,
    )


def run(
    inputs: Sequence[Path],
    connecting: AbstractContextManager[Connection],
    out: Path,
    options: Options,
    control: engine.Control | None = None,
) -> engine.Result:
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
    from amphitrite.morphology import write_products  # which reads this page

    control = control or engine.Control()
    with ExitStack() as stack:
        steady = Steady(inputs)
        images = _open(inputs, stack)
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
            engine.recording(staging, head, resume=control.resume)
        )
        with control.progress("classifying", sum(u.size for u in units)) as advance:
            summary = engine.execute(
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
                **_object(images[BANDS[0]]),
                **provenance.cards,
                "STRIDE": options.stride,
            },
        )
        steady.check()
        journal.close()
        staging.publish()
    return engine.Result(table, summary, out)


def _open(inputs: Sequence[Path], stack: ExitStack) -> dict[str, fits.Image]:
    """Open the bands and refuse what cannot be one image."""
    if len(inputs) != len(BANDS):
        raise BadInput(
            f"morpheus needs {len(BANDS)} images, in the order "
            f"{', '.join(BANDS)} ({', '.join(FILTERS)}); received {len(inputs)}"
        )
    for path in inputs:
        fits.check_readable(path)
    if len({path.resolve() for path in inputs}) < len(inputs):
        raise BadInput(
            "one file stands in the place of several bands; morpheus needs four "
            f"different ones; received {', '.join(map(str, inputs))}"
        )
    images = {
        band: stack.enter_context(fits.read_image(path, minimum=WINDOW))
        for band, path in zip(BANDS, inputs, strict=True)
    }
    fits.check_same_grid(images)
    for (band, image), wanted in zip(images.items(), FILTERS, strict=True):
        found = str(image.header.get("FILTER", wanted)).strip().upper()
        if found in FILTERS and found != wanted:
            logger.warning(
                "%s stands in the place of band %s (%s), but its header says %s",
                image.path,
                band,
                wanted,
                found,
            )
    return images


def _strip_rows(images: Mapping[str, fits.Image], options: Options) -> int:
    """Return how many rows are worked on together."""
    _, nx = images[BANDS[0]].shape
    return options.strip_rows or max(
        _LEAST_ROWS, _STRIP_BYTES // (_BYTES_PER_PIXEL * nx)
    )


def _units(
    images: Mapping[str, fits.Image], options: Options, steady: Steady
) -> list[engine.Unit]:
    """Divide the image into strips."""
    ny, nx = images[BANDS[0]].shape
    n_columns = len(window_starts(nx, options.stride))
    height = _strip_rows(images, options)
    return [
        engine.Unit(
            key=f"rows {strip.rows[0]} to {strip.rows[1] - 1}",
            payload=StripOfBands(images, strip, options.stride, steady),
            size=len(strip.starts) * n_columns,
        )
        for strip in strips(ny, stride=options.stride, height=height)
    ]


def _disk(images: Mapping[str, fits.Image], units: Sequence[engine.Unit]) -> int:
    """Return the bytes that the journal and the products will take."""
    ny, nx = images[BANDS[0]].shape
    rows = 0
    for unit in units:
        first, stop = unit.payload.strip.core_rows
        rows += stop - first
    return nx * (rows * _BYTES_PER_PIXEL + ny * _PRODUCT_BYTES_PER_PIXEL)


def _object(image: fits.Image) -> dict[str, str]:
    """Return the OBJECT card, which also says so where an image is simulated."""
    name = str(image.header.get("OBJECT", "")).strip()
    return {"OBJECT": name} if name else {}
