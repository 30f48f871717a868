"""ASID: gamma-ray sources in the sky of the Fermi Large Area Telescope.

Counts of a patch of the sky in five energy bands go in; one ensemble on the server
marks the sources with a U-Net, finds their peaks with a Laplacian of Gaussian, and has
three networks say of each its flux, its position and whether it is one at all.  Patches
overlap (see `amphitrite.surveys.asid.prepare.tiling`), and what they see twice is
listed once.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from amphitrite.surveys.asid.bands import BANDS, CUTOUT_BANDS, EXPOSURE_WEIGHTS
from amphitrite.triton.spec import ModelSpec, TensorSpec

PATCH_DEGREES: Final = 10.0
HALF: Final = PATCH_DEGREES / 2
MASK_PIXELS: Final = 128
MASK_DEGREES: Final = PATCH_DEGREES / MASK_PIXELS
CUTOUT_PIXELS: Final = 20
"""Pixels on a side of what is cut out of a band's counts around a peak."""

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

MATCH_DEGREES: Final = 0.3
"""Radius within which a detection counts as that of a source (Panes et al. 2021)."""
