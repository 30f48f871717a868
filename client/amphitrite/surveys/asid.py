"""ASID: gamma-ray sources in the sky of the Fermi Large Area Telescope.

Counts of a patch of the sky in five energy bands go in; one ensemble on the server
marks the sources with a U-Net, finds their peaks with a Laplacian of Gaussian, and has
three networks say of each its flux, its position and whether it is one at all.  Patches
overlap (see `amphitrite.tiling`), and what they see twice is listed once.
"""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, TypeVar

import numpy as np
from astropy.coordinates import SkyCoord
from astropy.table import QTable
from numpy.typing import NDArray

from amphitrite import (
    associations,
    catalogs,
    engine,
    exposures,
    regions,
    side_products,
    skies,
    skymaps,
)
from amphitrite.associations import Counterparts
from amphitrite.bands import BANDS, CUTOUT_BANDS, EXPOSURE_WEIGHTS, Band
from amphitrite.columns import Column, join_flags
from amphitrite.descriptions import (
    Calibration,
    flux_columns,
    radius_columns,
)
from amphitrite.detections import (
    Detections,
    has_neighbour,
    names,
    select,
)
from amphitrite.detector import Detector
from amphitrite.errors import BadInput, SpecMismatch
from amphitrite.exposures import Exposure
from amphitrite.fits import checksum
from amphitrite.footprints import near_edge
from amphitrite.observation import Observation
from amphitrite.patches import (
    CUTOUT_PIXELS,
    MASK_PIXELS,
    PATCH_DEGREES,
    angles,
    unit_vectors,
)
from amphitrite.photons import Photons
from amphitrite.provenance import Provenance
from amphitrite.search import search
from amphitrite.spec import ModelSpec, TensorSpec
from amphitrite.staging import Staging
from amphitrite.steady import Steady
from amphitrite.tiling import Tiles, centres
from amphitrite.triton import Connection, ServedModel

logger = logging.getLogger(__name__)

T = TypeVar("T")

# Of AUXILIARY and of the variances, in their order.
AUXILIARIES: Final = ("log_counts", "log_peak_counts", "row", "column", "score")
VARIANCES: Final = ("aleatoric", "epistemic")
N_PEAKS: Final = "n_peaks"

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
        minimum=0.0,
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
    minimum=0.0,
    maximum=1.0,
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
            "pixel; pixel centres have whole numbers, counted from 0; 0 where there "
            "is no further peak"
        ),
        minimum=0.0,
        maximum=MASK_PIXELS - 1.0,
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
        minimum=0.0,
    ),
    TensorSpec(
        name=N_PEAKS,
        dtype="int32",
        shape=(1,),
        axes=("count",),
        description="how many peaks the mask has; those beyond the list are left out",
        minimum=0.0,
        maximum=float(MASK_PIXELS**2),
    ),
)
# What the networks that describe a source are told of each of up to K peaks.
CUTOUTS: Final = TensorSpec(
    name="cutouts",
    dtype="float32",
    shape=(-1, CUTOUT_PIXELS, CUTOUT_PIXELS, len(CUTOUT_BANDS)),
    axes=("peak", "y", "x", "band"),
    unit="ct",
    description=(
        "counts around each peak, each band on its own grid; zero outside the patch"
    ),
    minimum=0.0,
)
VALID: Final = TensorSpec(
    name="valid",
    dtype="bool",
    shape=(-1,),
    axes=("peak",),
    description="whether this place in the list holds a peak",
)
AUXILIARY: Final = TensorSpec(
    name="auxiliary",
    dtype="float32",
    shape=(-1, len(AUXILIARIES)),
    axes=("peak", "quantity"),
    description=(
        "log10 of 1 + all counts of the cut-out; log10 of 1 + counts of the brightest "
        "of the 3 x 3 pixels of 2-7 GeV around the peak's; fraction of a pixel of its "
        "row, then of its column, -0.5 to 0.5; score; all zero where there is no peak"
    ),
)
EXPOSURE: Final = TensorSpec(
    name="exposure",
    dtype="float32",
    shape=(len(BANDS),),
    axes=("band",),
    unit="cm2 s",
    description="exposure at the patch's centre, a mean of each band; above 0",
    minimum=0.0,
)
# What these networks answer of each; NaN where there is no peak.
FLUXES: Final = (
    TensorSpec(
        name="log10_flux",
        dtype="float32",
        shape=(-1,),
        axes=("peak",),
        description="log10 of the photons from 1 to 100 GeV per cm2 and s",
        filled_by=VALID.name,
    ),
    TensorSpec(
        name="flux_variance",
        dtype="float32",
        shape=(-1, len(VARIANCES)),
        axes=("peak", "kind"),
        description="variance of log10_flux, aleatoric and epistemic: they add up",
        minimum=0.0,
        filled_by=VALID.name,
    ),
)
FAKES: Final = (
    TensorSpec(
        name="fake_logit",
        dtype="float32",
        shape=(-1,),
        axes=("peak",),
        description="logit of p_fake",
        filled_by=VALID.name,
    ),
    TensorSpec(
        name="p_fake",
        dtype="float32",
        shape=(-1,),
        axes=("peak",),
        description="calibrated probability that there is no source at the peak",
        minimum=0.0,
        maximum=1.0,
        filled_by=VALID.name,
    ),
)
OFFSETS: Final = (
    TensorSpec(
        name="offset",
        dtype="float32",
        shape=(-1, 2),
        axes=("peak", "coordinate"),
        unit="deg",
        description=(
            "from the peak to the source along a row, growing with the column (so "
            "that longitude falls), then along a column, growing with the row"
        ),
        filled_by=VALID.name,
    ),
    TensorSpec(
        name="offset_variance",
        dtype="float32",
        shape=(-1, len(VARIANCES), 2),
        axes=("peak", "kind", "coordinate"),
        unit="deg2",
        description="variances of offset, aleatoric and epistemic: they add up",
        minimum=0.0,
        filled_by=VALID.name,
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
    outputs=(*FOUND, CUTOUTS, VALID, AUXILIARY),
    constants=_CONSTANTS,
)
_SOURCE_CONSTANTS: Final = {
    "cutout_bands_mev": [[band.low, band.high] for band in CUTOUT_BANDS],
    "auxiliaries": list(AUXILIARIES),
    "variances": list(VARIANCES),
}
_FLUX_CONSTANTS: Final = {
    "flux_above_mev": 1_000,
    "exposure_weights": list(EXPOSURE_WEIGHTS),
}
FLUX: Final = ModelSpec(
    name="asid_flux",
    inputs=(CUTOUTS, VALID, AUXILIARY, EXPOSURE),
    outputs=FLUXES,
    constants={**_SOURCE_CONSTANTS, **_FLUX_CONSTANTS},
    references=REFERENCES,
)
CLASSIFIER: Final = ModelSpec(
    name="asid_classifier",
    inputs=(CUTOUTS, VALID, AUXILIARY),
    outputs=FAKES,
    constants=_SOURCE_CONSTANTS,
    references=REFERENCES,
)
LOCATION: Final = ModelSpec(
    name="asid_location",
    inputs=(CUTOUTS, VALID, AUXILIARY),
    outputs=OFFSETS,
    constants=_SOURCE_CONSTANTS,
    references=REFERENCES,
)
HEADS: Final = (FLUX, CLASSIFIER, LOCATION)
"""The networks that describe a source, given what lies around a peak."""

DESCRIBED: Final = (*FLUXES, *FAKES, *OFFSETS)
MODEL: Final = ModelSpec(
    name="asid",
    inputs=(*COUNTS, EXPOSURE),
    outputs=(
        *(MASK, *FOUND),
        # it gives the number of peaks, and takes nothing that says where they are
        *(replace(tensor, filled_by=N_PEAKS) for tensor in DESCRIBED),
    ),
    constants={**_CONSTANTS, **_FLUX_CONSTANTS},
    references=REFERENCES,
)
HEADS_MODEL: Final = ModelSpec(
    name="asid_heads",
    inputs=(CUTOUTS, VALID, AUXILIARY, EXPOSURE),
    outputs=DESCRIBED,
    constants={**_SOURCE_CONSTANTS, **_FLUX_CONSTANTS},
    references=REFERENCES,
)


def per_source(head: ModelSpec) -> ModelSpec:
    """Return the contract of a head's network, which takes sources one by one.

    Export makes the served model of it, which takes the peaks of patches.

    Parameters
    ----------
    head : ModelSpec
        One of `HEADS`.

    Returns
    -------
    ModelSpec
        Of the same name and constants; without ``valid``, and every tensor without the
        axis of the peaks, since the batch is one of sources, all of them there.
    """
    inputs = (tensor for tensor in head.inputs if tensor != VALID)
    return replace(
        head,
        inputs=tuple(_of_one_peak(tensor) for tensor in inputs),
        outputs=tuple(_of_one_peak(tensor) for tensor in head.outputs),
    )


def _of_one_peak(tensor: TensorSpec) -> TensorSpec:
    if tensor.axes[0] != "peak":
        return tensor
    return replace(tensor, shape=tensor.shape[1:], axes=tensor.axes[1:], filled_by="")


ASKED: Final = (MODEL, HEADS_MODEL)
"""What a run asks: the second of peaks that the client found itself."""

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
        "r68",
        "float32",
        "deg",
        "stat.error;pos",
        "Radius of the circle that holds the position with a probability of 68 %",
    ),
    Column(
        "r95",
        "float32",
        "deg",
        "stat.error;pos",
        "Radius of the circle that holds the position with a probability of 95 %",
    ),
    Column(
        "flux1000",
        "float64",
        "cm-2 s-1",
        "phot.flux;em.gamma",
        "Flux of photons from 1 to 100 GeV",
    ),
    Column(
        "flux1000_err",
        "float64",
        "cm-2 s-1",
        "stat.error;phot.flux;em.gamma",
        "Error of flux1000, one sigma",
    ),
    Column(
        "flux1000_sys",
        "float64",
        "cm-2 s-1",
        "stat.error.sys;phot.flux;em.gamma",
        "Systematic error of flux1000 from the diffuse light; NaN if not measured",
    ),
    Column(
        "p_fake",
        "float32",
        "",
        "stat.probability",
        "Probability that it is a fluctuation and no source",
    ),
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
        "Comma-separated: edge, confused, partial_band, missing_band, many_peaks, "
        "coarse_pixels, exposure_assumed",
    ),
)
ASSOCIATION_COLUMNS: Final = (
    Column("assoc_name", "str", "", "meta.id.cross", "Counterpart; empty if none"),
    Column(
        "assoc_separation",
        "float64",
        "deg",
        "pos.angDistance",
        "Distance of the counterpart; NaN if none",
    ),
    Column("assoc_class", "str", "", "meta.code.class", "Class of the counterpart"),
)
"""Further columns where a catalogue of counterparts is given."""

FLAGS: Final = {
    "edge": "within 0.6 deg of the edge of the sky that the input shows",
    "confused": "within 0.5 deg of another source of the catalogue",
    "partial_band": "the input holds a part of some band's photons: flux may be low",
    "missing_band": "the input holds too few photons of some band for it to be used",
    "many_peaks": "its patch has more peaks than the server lists, found by the client",
    "coarse_pixels": "the input's pixels are so wide that r68 and r95 are too small",
    "exposure_assumed": (
        "its exposure is not known: its flux is for that of its patch's centre, or of "
        "the training"
    ),
}
"""What the words in the column ``flags`` mean; empty where none applies."""

MATCH_DEGREES: Final = 0.3
"""Radius within which a detection counts as that of a source (Panes et al. 2021)."""

EDGE_DEGREES: Final = 0.6
CONFUSED_DEGREES: Final = 0.5
# About as wide as the circle that holds 68 % of a source's photons of 7-20 GeV.
COARSE_DEGREES: Final = 0.2
_WHOLE: Final = 0.999  # of a band's photons, short of rounding
_JOURNAL_BYTES: Final = 8192  # of a patch's peaks, and more
_ROUTES: Final = ("server", "client")
_STAGES: Final = ("reading", "connecting", "serving", "writing")


@dataclass(frozen=True)
class Options:
    """How a sky is searched.

    Parameters
    ----------
    threshold : float, optional
        Score that a source must exceed; by default the low one of what the classifier
        is to judge.
    peaks : {"server", "client"}
        Who finds the peaks of a mask.
    regions : Path, optional
        A DS9 region file to write.
    plot : Path, optional
        A picture of the sky to draw, PNG; needs the ``plots`` extra.
    exposure : Path, optional
        See `amphitrite.exposures.read`; by default that of the training is assumed.
    associate : Path, optional
        A catalogue to look for counterparts in, see `amphitrite.associations.read`.
    max_p_fake : float, optional
        Sources that are fluctuations with a higher probability are left out; by
        default what was learned.
    """

    threshold: float | None = None
    peaks: str = "server"
    regions: Path | None = None
    plot: Path | None = None
    exposure: Path | None = None
    associate: Path | None = None
    max_p_fake: float | None = None

    def __post_init__(self) -> None:
        if self.max_p_fake is not None and not 0 <= self.max_p_fake <= 1:
            raise BadInput(
                "--max-p-fake must be a probability from 0 to 1; received "
                f"{self.max_p_fake:g}"
            )
        for name in ("exposure", "associate"):
            if (given := getattr(self, name)) is not None:
                object.__setattr__(self, name, Path(given))
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
    def aids(self) -> list[Path]:
        """The files that are read beside the inputs."""
        return [path for path in (self.exposure, self.associate) if path is not None]

    @property
    def beside(self) -> list[Path]:
        """The files that are written beside the catalogue."""
        return [path for path in (self.regions, self.plot) if path is not None]


def interpret(
    found: Detections,
    photons: Photons,
    *,
    calibration: Calibration,
    correction: tuple[NDArray[np.floating], NDArray[np.bool_]],
) -> dict[str, NDArray[Any]]:
    """Turn selected detections into the columns of the catalogue.

    Parameters
    ----------
    found : Detections
        What `select` returns, without what is fake.
    photons : Photons
        Those of the input.
    calibration : Calibration
        What was learned with the networks.
    correction : (n,) ndarray, (n,) ndarray of bool
        What `Observation.correction` returns.

    Returns
    -------
    dict of str to (n,) ndarray
        By column name, rows by right ascension.
    """
    lon, lat = angles(found.sources)
    icrs = SkyCoord(lon, lat, unit="deg", frame="galactic").icrs
    ra, dec = icrs.ra.deg % 360.0, icrs.dec.deg
    factor, assumed = correction
    applies = {
        "edge": near_edge(photons.footprint, found.sources, degrees=EDGE_DEGREES),
        "confused": has_neighbour(found.sources, degrees=CONFUSED_DEGREES),
        "partial_band": any(part < _WHOLE for part in photons.coverage.values()),
        "missing_band": len(photons.coverage) < len(BANDS),
        "many_peaks": found.many,
        "coarse_pixels": photons.pixel_degrees > COARSE_DEGREES,
        "exposure_assumed": assumed,
    }
    columns = {
        "ra": ra,
        "dec": dec,
        "l": lon,
        "b": lat,
        **radius_columns(found.offset_variance, calibration),
        **flux_columns(
            found.log10_flux + np.log10(factor),
            found.flux_variance,
            lat,
            calibration=calibration,
        ),
        "p_fake": found.p_fake,
        "score": found.score,
        "patch": found.patch,
        "flags": join_flags({flag: applies[flag] for flag in FLAGS}, len(found)),
    }
    order = np.lexsort((dec, ra))
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
    n_fakes : int
        Detections left out because they are fluctuations too likely.
    bands : tuple of Band
        The usable bands.
    seconds : mapping of str to float
        Wall time of the stages: reading, connecting, serving (tiling included) and
        writing.
    """

    n_photons: int
    n_patches: int
    n_fakes: int
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
    read = [*inputs, *options.aids]
    beside = side_products.Beside(
        *(options.beside, out, read),
        overwrite=control.overwrite,
        resume=control.resume,
    )
    if options.plot is not None:
        skymaps.check_available()
    with ExitStack() as stack:
        staging = stack.enter_context(
            Staging(out, resume=control.resume, overwrite=control.overwrite)
        )
        clock = [time.monotonic()]
        staging.require(len(centres()) * _JOURNAL_BYTES)
        steady = Steady(read)
        counterparts = _read(options.associate, associations.read)
        exposure = _read(options.exposure, exposures.read)
        photons = skies.read(inputs, progress=control.progress)
        if not len(photons):
            logger.warning("the input holds no photon in any band: no source is found")
        clock.append(time.monotonic())
        connection = stack.enter_context(connecting)
        models = _models(connection)
        spec = models[0].spec
        detector, calibration = Detector.of(spec), Calibration.of(spec)
        threshold = calibration.threshold(
            detector, photons.coverage, chosen=options.threshold
        )
        max_p_fake = options.max_p_fake
        if max_p_fake is None:
            max_p_fake = calibration.max_p_fake(photons.coverage)
        clock.append(time.monotonic())
        sky = _observation(photons, exposure, calibration)
        provenance = Provenance.of(inputs, models[0], control.command)
        aids = _aid_cards(options, counterparts)
        steady.check()  # what was read is what the checksums are of
        head = {
            "survey": MODEL.name,
            "peaks": options.peaks,
            "exposure": aids.get("EXPSUM", ""),
            **provenance.identity,
        }
        journal = stack.enter_context(
            engine.recording(staging, head, resume=control.resume)
        )
        numbers = sky.tiles.occupied(centres())
        records, summary = search(
            numbers,
            sky,
            detector,
            options.peaks,
            models,
            journal,
            control,
        )
        clock.append(time.monotonic())
        found = select(
            Detections.collect(records),
            [centres()[number] for number in numbers],
            photons.footprint,
            threshold=threshold,
            radius_degrees=detector.radius_degrees,
        )
        kept = found[found.p_fake <= max_p_fake]
        correction = _, assumed = sky.correction(kept)
        if exposure is not None and assumed.any():
            logger.warning(
                "the map of the exposure has none at %d of %d sources: their fluxes "
                "are for that of their patch's centre, or of the training, and flagged "
                "exposure_assumed",
                assumed.sum(),
                len(kept),
            )
        columns = interpret(
            kept, photons, calibration=calibration, correction=correction
        )
        if counterparts:
            columns |= _associated(columns, counterparts)
        cards = {
            **provenance.cards,
            **_sky_cards(photons),
            **aids,
            "NPATCH": len(numbers),
            "PEAKS": options.peaks,
            "THRESH": threshold,
            "MAXPFAKE": max_p_fake,
            "NFAKES": len(found) - len(kept),
        }
        declared = (*COLUMNS, *(ASSOCIATION_COLUMNS if counterparts else ()))
        table = catalogs.table(declared, columns, cards)
        catalogs.write(table, staging.result, provenance=cards)
        _write_beside(beside, options, table, photons)
        journal.close()
        staging.publish()
        clock.append(time.monotonic())
    return Result(
        table,
        summary,
        out,
        n_photons=len(photons),
        n_patches=len(numbers),
        n_fakes=len(found) - len(kept),
        bands=tuple(band for band in BANDS if band in photons.coverage),
        seconds=dict(zip(_STAGES, np.diff(clock).tolist(), strict=True)),
    )


def _models(connection: Connection) -> tuple[ServedModel, ServedModel]:
    """Find both ensembles, and make sure that they describe sources alike."""
    model, heads = (connection.model(spec) for spec in ASKED)
    identities = {member.name: member.identity for member in model.spec.members}
    for member in heads.spec.members:
        if identities.get(member.name) != member.identity:
            raise SpecMismatch(
                f"the ensembles '{MODEL.name}' and '{HEADS_MODEL.name}' are not of one "
                f"release: '{member.name}' is {identities.get(member.name)} in the one "
                f"and {member.identity} in the other. Roll both back, or export "
                f"'{member.name}' again."
            )
    return model, heads


def _read(path: Path | None, reader: Callable[[Path], T]) -> T | None:
    return None if path is None else reader(path)


def _observation(
    photons: Photons, exposure: Exposure | None, calibration: Calibration
) -> Observation:
    """Join photons and exposure; say what is assumed."""
    typical = calibration.exposure
    if exposure is None:
        logger.warning(
            "no map of the exposure is given (--exposure): fluxes are for %.3g cm2 s "
            "above 1 GeV, that of the training, and flagged exposure_assumed",
            typical @ np.array(EXPOSURE_WEIGHTS),
        )
    elif exposure.missing:
        # the other bands do not count for a flux
        needed = [
            band.label
            for band, weight in zip(BANDS, EXPOSURE_WEIGHTS, strict=True)
            if weight > 0 and band in exposure.missing
        ]
        if needed:
            logger.warning(
                "the map of the exposure has none for %s: it is taken to vary as in "
                "the other bands",
                ", ".join(needed),
            )
        exposure = exposure.filled(typical)
    return Observation(Tiles(photons), exposure, typical)


def _associated(
    columns: Mapping[str, NDArray[Any]], counterparts: Counterparts
) -> dict[str, NDArray[Any]]:
    """Return the columns of counterparts."""
    vectors = unit_vectors(columns["l"], columns["b"])
    found = counterparts.of(vectors, columns["r95"])
    return dict(zip((c.name for c in ASSOCIATION_COLUMNS), found, strict=True))


def _aid_cards(
    options: Options, counterparts: Counterparts | None
) -> dict[str, str | int | float]:
    """Return what was read beside the inputs, as cards."""
    cards: dict[str, str | int | float] = {}
    if options.exposure is not None:
        cards["EXPMAP"] = options.exposure.name
        cards["EXPSUM"] = f"sha256:{checksum(options.exposure)}"
    if options.associate is not None and counterparts is not None:
        cards["ASSOC"] = counterparts.title or options.associate.name
        cards["ASSOCSUM"] = f"sha256:{checksum(options.associate)}"
    return cards


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


def _write_beside(
    beside: side_products.Beside, options: Options, table: QTable, photons: Photons
) -> None:
    """Write the region file and the picture, each aside at first."""
    if options.regions is not None:
        with beside.aside(options.regions) as path:
            regions.write(table, path, radius_degrees=MATCH_DEGREES)
    if options.plot is not None:
        with beside.aside(options.plot) as path:
            skymaps.write(path, photons.vectors, table)
