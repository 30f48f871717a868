"""ASID: gamma-ray sources in the sky of the Fermi Large Area Telescope.

Counts of a patch of the sky in five energy bands go in; one ensemble on the server
marks the sources with a U-Net and finds their peaks with a Laplacian of Gaussian.
Patches overlap (see `amphitrite.tiling`), and what they see twice is listed once.
"""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np
from astropy.coordinates import SkyCoord
from astropy.table import QTable
from numpy.typing import NDArray

from amphitrite import catalogs, engine, regions, side_products, skies, skymaps
from amphitrite.bands import BANDS, Band
from amphitrite.columns import Column, join_flags
from amphitrite.detections import Detections, names, select
from amphitrite.detector import Detector
from amphitrite.errors import BadInput, InferenceFailed
from amphitrite.footprints import near_edge
from amphitrite.journal import Journal
from amphitrite.patches import (
    MASK_PIXELS,
    PATCH_DEGREES,
    Patch,
    angles,
)
from amphitrite.peaks import Peaks, find
from amphitrite.photons import Footprint, Photons
from amphitrite.provenance import Provenance
from amphitrite.spec import ModelSpec, TensorSpec
from amphitrite.staging import Staging
from amphitrite.tiling import Tiles, centres
from amphitrite.triton import Connection, ServedModel

logger = logging.getLogger(__name__)

# The bands of the cut-outs around a peak: those with the finest grids.
CUTOUT_BANDS: Final = BANDS[:3]
CUTOUT_PIXELS: Final = 20

REFERENCES: Final = (
    "Panes et al. 2021, A&A 656, A62, arXiv:2103.11068",
    "Fermi-LATV2-DL: arXiv:2509.25128",
)

COUNTS: Final = tuple(
    TensorSpec(
        name=f"counts_{band.name}",
        dtype="float32",
        shape=(band.pixels, band.pixels),
        axes=("y", "x"),
        unit="ct",
        description=(
            f"photons of {band.label} in each pixel of a patch (see "
            "amphitrite.patches), as counted: the graph scales them; all zero where "
            "the band is missing"
        ),
    )
    for band in BANDS
)
LOGITS: Final = TensorSpec(
    name="logits",
    dtype="float32",
    shape=(MASK_PIXELS, MASK_PIXELS, 2),
    axes=("y", "x", "label"),
    description="scores of source and background before the softmax",
)
MASK: Final = TensorSpec(
    name="mask",
    dtype="float32",
    shape=(MASK_PIXELS, MASK_PIXELS),
    axes=("y", "x"),
    description="closeness to a source, 0 to 1",
)
FOUND: Final = (
    TensorSpec(
        name="peaks",
        dtype="float32",
        shape=(-1, 2),
        axes=("peak", "coordinate"),
        unit="pix",
        description=(
            "row and column of each peak on the mask's grid, to a fraction of a "
            "pixel; pixel centres have whole numbers, counted from 0"
        ),
    ),
    TensorSpec(
        name="score",
        dtype="float32",
        shape=(-1,),
        axes=("peak",),
        description=(
            "scale-normalised Laplacian-of-Gaussian response at the peak, falling; 0 "
            "where there is no further peak"
        ),
    ),
    TensorSpec(
        name="n_peaks",
        dtype="int32",
        shape=(1,),
        axes=("count",),
        description="how many peaks the mask has; those beyond the list are left out",
    ),
)
CUTOUTS: Final = TensorSpec(
    name="cutouts",
    dtype="float32",
    shape=(-1, CUTOUT_PIXELS, CUTOUT_PIXELS, len(CUTOUT_BANDS)),
    axes=("peak", "y", "x", "band"),
    unit="ct",
    description=(
        "counts around each peak, each band on its own grid; zero outside the patch"
    ),
)
_CONSTANTS: Final = {
    "bands_mev": [[band.low, band.high] for band in BANDS],
    "patch_degrees": PATCH_DEGREES,
    "projection": "plate carree about the centre, Galactic; x falls with the column",
}

UNET: Final = ModelSpec(
    name="asid_unet",
    inputs=COUNTS,
    outputs=(LOGITS, MASK),
    labels=("source", "background"),
    constants=_CONSTANTS,
    references=REFERENCES,
)
PEAKS: Final = ModelSpec(
    name="asid_peaks",
    inputs=(MASK, *COUNTS[: len(CUTOUT_BANDS)]),
    outputs=(*FOUND, CUTOUTS),
    constants=_CONSTANTS,
)
MODEL: Final = ModelSpec(
    name="asid",
    inputs=COUNTS,
    outputs=(MASK, *FOUND),
    constants=_CONSTANTS,
    references=REFERENCES,
)

PRODUCTS: Final = ()
"""The result is one file, not a folder of products."""

COLUMNS: Final = (
    Column(
        "name",
        "str",
        "",
        "meta.id;meta.main",
        "AMP JHHMM.m+DDMM after the ICRS position, cut off, not rounded",
    ),
    Column("ra", "float64", "deg", "pos.eq.ra;meta.main", "Right ascension (ICRS)"),
    Column("dec", "float64", "deg", "pos.eq.dec;meta.main", "Declination (ICRS)"),
    Column("l", "float64", "deg", "pos.galactic.lon", "Galactic longitude"),
    Column("b", "float64", "deg", "pos.galactic.lat", "Galactic latitude"),
    Column(
        "score",
        "float32",
        "",
        "stat.param",
        "Laplacian-of-Gaussian response of the network's mask",
    ),
    Column("patch", "int32", "", "meta.id;obs.field", "Patch that shows it"),
    Column(
        "flags",
        "str",
        "",
        "meta.code",
        "Comma-separated: edge, partial_band, missing_band, many_peaks",
    ),
)

FLAGS: Final = {
    "edge": "within 0.6 deg of the edge of the sky that the input shows",
    "partial_band": "the input holds only a part of some band's photons",
    "missing_band": "the input holds too few photons of some band for it to be used",
    "many_peaks": "its patch has more peaks than the server lists, found by the client",
}
"""What the words in the column ``flags`` mean; empty where none applies."""

MATCH_DEGREES: Final = 0.3
"""Radius within which a detection counts as that of a source (Panes et al. 2021)."""

EDGE_DEGREES: Final = 0.6
_WHOLE: Final = 0.999  # of a band's photons, short of rounding
_JOURNAL_BYTES: Final = 4096  # of a patch's peaks, and more
_ROUTES: Final = ("server", "client")
_STAGES: Final = ("reading", "connecting", "serving", "writing")
OUTPUTS: Final = tuple(tensor.name for tensor in MODEL.outputs)


@dataclass(frozen=True)
class Options:
    """How a sky is searched.

    Parameters
    ----------
    threshold : float, optional
        Score that a source must exceed; by default what was learned for the bands that
        the input holds.
    peaks : {"server", "client"}
        Who finds the peaks of a mask.
    regions : Path, optional
        A DS9 region file to write.
    plot : Path, optional
        A picture of the sky to draw, PNG; needs the ``plots`` extra.
    """

    threshold: float | None = None
    peaks: str = "server"
    regions: Path | None = None
    plot: Path | None = None

    def __post_init__(self) -> None:
        if self.threshold is not None and not 0 < self.threshold < math.inf:
            raise BadInput(
                "--threshold must be a positive and finite number; received "
                f"{self.threshold:g}"
            )
        if self.peaks not in _ROUTES:
            raise BadInput(
                f"--peaks must be one of {', '.join(_ROUTES)}; received {self.peaks}"
            )
        for name, suffix in (("regions", ".reg"), ("plot", ".png")):
            if (path := getattr(self, name)) is not None:
                object.__setattr__(self, name, path := Path(path))
                if path.suffix.lower() != suffix:
                    raise BadInput(
                        f"--{name} must be a file name that ends in {suffix}; "
                        f"received {path}"
                    )

    @property
    def beside(self) -> list[Path]:
        """The files that are written beside the catalogue."""
        return [path for path in (self.regions, self.plot) if path is not None]


@dataclass
class PatchWork:
    """One patch on its way through the server (see `amphitrite.engine.Work`).

    Parameters
    ----------
    counts : mapping of str to (ny, nx) ndarray of float32
        What `amphitrite.tiling.Tiles.counts` gives.
    detector : Detector
        For the peaks that the client finds itself.
    route : {"server", "client"}
        Who finds the peaks.
    """

    counts: Mapping[str, NDArray[np.float32]]
    detector: Detector
    route: str
    peaks: Peaks = field(init=False)
    many: bool = False

    def __post_init__(self) -> None:
        none = np.zeros(0, np.float32)
        self.peaks = Peaks(none, none, none)

    def requests(self) -> Iterator[tuple[None, dict[str, NDArray[Any]]]]:
        """Yield the patch, if there is a photon in it."""
        if any(image.any() for image in self.counts.values()):
            yield None, {name: image[None] for name, image in self.counts.items()}

    def add(self, where: None, outputs: Mapping[str, NDArray[Any]]) -> None:
        """Take the peaks, or find them where the server has not listed them all.

        Raises
        ------
        InferenceFailed
            What the server answered is not finite.
        """
        mask, peaks, score = (outputs[name][0] for name in ("mask", "peaks", "score"))
        if not all(np.isfinite(answer).all() for answer in (mask, peaks, score)):
            raise InferenceFailed(
                "the server's answer for a patch holds NaN or infinite values, though "
                "its counts are finite; its model is damaged: export it again"
            )
        n_peaks = int(outputs["n_peaks"].item())
        self.many = n_peaks > len(score)
        if self.many or self.route == "client":
            detector = self.detector
            self.peaks = find(mask, sigma=detector.sigma, floor=detector.floor)
        else:
            row, column = peaks[:n_peaks].T.copy()
            self.peaks = Peaks(row, column, score[:n_peaks])

    def record(self) -> dict[str, NDArray[Any]]:
        """Return the peaks for the journal."""
        return {
            "row": self.peaks.row,
            "column": self.peaks.column,
            "score": self.peaks.score,
            "many": np.array(self.many),
        }


def prepare(patch: Patch, *, tiles: Tiles, detector: Detector, route: str) -> PatchWork:
    """Count the photons of one patch.

    Parameters
    ----------
    patch : Patch
        Where.
    tiles : Tiles
        The photons.
    detector, route
        See `PatchWork`.
    """
    return PatchWork(tiles.counts(patch), detector, route)


def interpret(
    found: Detections, footprint: Footprint, coverage: Mapping[Band, float]
) -> dict[str, NDArray[Any]]:
    """Turn selected detections into the columns of the catalogue.

    Parameters
    ----------
    found : Detections
        What `select` returns.
    footprint : Footprint
        The part of the sky that the input shows.
    coverage : mapping of Band to float
        The usable bands, and which part of their photons the input holds.

    Returns
    -------
    dict of str to (n,) ndarray
        By column name, rows by right ascension.
    """
    lon, lat = angles(found.vectors)
    icrs = SkyCoord(lon, lat, unit="deg", frame="galactic").icrs
    ra, dec = icrs.ra.deg % 360.0, icrs.dec.deg
    applies = {
        "edge": near_edge(footprint, found.vectors, degrees=EDGE_DEGREES),
        "partial_band": any(part < _WHOLE for part in coverage.values()),
        "missing_band": len(coverage) < len(BANDS),
        "many_peaks": found.many,
    }
    flags = join_flags({flag: applies[flag] for flag in FLAGS}, len(found))
    order = np.lexsort((dec, ra))
    columns = {
        "ra": ra,
        "dec": dec,
        "l": lon,
        "b": lat,
        "score": found.score,
        "patch": found.patch,
        "flags": flags,
    }
    columns = {name: values[order] for name, values in columns.items()}
    return {"name": names(columns["ra"], columns["dec"]), **columns}


@dataclass(frozen=True)
class Result(engine.Result):
    """What a search gives back.

    Parameters
    ----------
    n_photons : int
        Photons in usable bands.
    n_patches : int
        Patches searched.
    bands : tuple of Band
        The usable bands.
    seconds : mapping of str to float
        Wall time of the stages: reading, connecting, serving (tiling included) and
        writing.
    """

    n_photons: int
    n_patches: int
    bands: tuple[Band, ...]
    seconds: Mapping[str, float]


def run(
    inputs: Sequence[Path],
    connecting: AbstractContextManager[Connection],
    out: Path,
    options: Options,
    control: engine.Control | None = None,
) -> Result:
    """Find the sources in event lists or a counts cube.

    Parameters
    ----------
    inputs : sequence of Path
        See `amphitrite.skies.read`.
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
        The catalogue and what it was made of.

    Raises
    ------
    AmphitriteError
        See `amphitrite.errors`; nothing then stands under the name ``out``.
    """
    control = control or engine.Control()
    catalogs.check_suffix(out)
    side_products.check(
        options.beside, out, inputs, replace=control.overwrite or control.resume
    )
    if options.plot is not None:
        skymaps.check_available()
    with ExitStack() as stack:
        staging = stack.enter_context(
            Staging(out, resume=control.resume, overwrite=control.overwrite)
        )
        clock = [time.monotonic()]
        staging.require(len(centres()) * _JOURNAL_BYTES)
        photons = skies.read(inputs, progress=control.progress)
        if not len(photons):
            logger.warning("the input holds no photon in any band: no source is found")
        clock.append(time.monotonic())
        model = stack.enter_context(connecting).model(MODEL)
        detector = Detector.of(model.spec)
        threshold = detector.threshold(photons.coverage, chosen=options.threshold)
        clock.append(time.monotonic())
        tiles = Tiles(photons)
        numbers = tiles.occupied(centres())
        provenance = Provenance.of(inputs, model, control.command)
        head = {"survey": MODEL.name, "peaks": options.peaks, **provenance.identity}
        journal = stack.enter_context(
            engine.recording(staging, head, resume=control.resume)
        )
        work = partial(prepare, tiles=tiles, detector=detector, route=options.peaks)
        summary = _serve(numbers, work, model, journal, control)
        records = {number: journal.read(_key(number)) for number in numbers}
        clock.append(time.monotonic())
        found = select(
            Detections.collect(records),
            [centres()[number] for number in numbers],
            photons.footprint,
            threshold=threshold,
            radius_degrees=detector.radius_degrees,
        )
        cards = {
            **provenance.cards,
            **_sky_cards(photons),
            "NPATCH": len(numbers),
            "PEAKS": options.peaks,
            "THRESH": threshold,
        }
        table = catalogs.table(
            COLUMNS, interpret(found, photons.footprint, photons.coverage), cards
        )
        catalogs.write(table, staging.result, provenance=cards)
        _write_beside(options, table, photons)
        journal.close()
        staging.publish()
        clock.append(time.monotonic())
    return Result(
        *(table, summary, out, len(photons), len(numbers)),
        bands=tuple(band for band in BANDS if band in photons.coverage),
        seconds=dict(zip(_STAGES, np.diff(clock).tolist(), strict=True)),
    )


def _serve(
    numbers: Sequence[int],
    work: Callable[[Patch], PatchWork],
    model: ServedModel,
    journal: Journal,
    control: engine.Control,
) -> engine.Summary:
    """Bring the patches of these numbers through the server."""
    units = [engine.Unit(_key(number), centres()[number]) for number in numbers]
    with control.progress("searching", len(units)) as advance:
        return engine.execute(
            units,
            work,
            model,
            journal,
            outputs=OUTPUTS,
            limits=control.limits,
            advance=advance,
        )


def _key(number: int) -> str:
    return f"patch {number}"


def _sky_cards(photons: Photons) -> dict[str, str | int | float]:
    """Return what was read, as cards."""
    cards: dict[str, str | int | float] = {
        "NPHOTON": len(photons),
        "NOUTSIDE": photons.n_outside,
    }
    present = [band for band in BANDS if band in photons.coverage]
    for number, band in enumerate(present, start=1):
        cards[f"BAND{number}"] = band.label
        cards[f"BANDCOV{number}"] = round(photons.coverage[band], 4)
    return cards


def _write_beside(options: Options, table: QTable, photons: Photons) -> None:
    """Write the region file and the picture, each aside at first."""
    if options.regions is not None:
        with side_products.aside(options.regions) as path:
            regions.write(table, path, radius_degrees=MATCH_DEGREES)
    if options.plot is not None:
        with side_products.aside(options.plot) as path:
            skymaps.write(path, photons.vectors, table)
