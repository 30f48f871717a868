"""ASID: gamma-ray sources in the sky of the Fermi Large Area Telescope.

The input is the counts of a patch of the sky in five energy bands.  An ensemble on the
server marks sources with a U-Net, finds the peaks of its mask with a Laplacian of
Gaussian, and estimates of each peak, with three networks, the flux, the position and
the probability that it is not a source.  Patches overlap (see
`amphitrite.surveys.asid.prepare.tiling`); sources in several patches are listed once.
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
"""Pixels on a side of the counts around a peak, in each band."""

# Names along the last axis of AUXILIARY, and along the axis "kind" of the variances.
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
            f"photons of {band.label} in each pixel of a patch (a square of the sky in "
            "the projection that the constants name), as counted: the graph scales "
            "them; all zero where the band is missing"
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
# Inputs, for up to K peaks, of the networks of flux, position and classification.
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
# Outputs of these networks for each peak; NaN where there is no peak.
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
"""The networks of flux, classification and position, whose input is around a peak."""

DESCRIBED: Final = (*FLUXES, *FAKES, *OFFSETS)
MODEL: Final = ModelSpec(
    name="asid",
    inputs=(*COUNTS, EXPOSURE),
    outputs=(
        *(MASK, *FOUND),
        # filled by the number of peaks, since the ensemble has no output "valid"
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
    """Return the contract of a head as it is trained, with one source per row.

    Export turns it into the served model, whose rows are patches with several peaks.

    Parameters
    ----------
    head : ModelSpec
        One of `HEADS`.

    Returns
    -------
    ModelSpec
        The contract with the same name and constants, without the input ``valid`` and
        without the axis of peaks: the batch axis is that of sources.
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
"""The models that a run requests; the second one for peaks found by the client."""

PRODUCTS: Final = ()
"""The result is one file, not a folder of products."""

MATCH_DEGREES: Final = 0.3
"""Separation in deg up to which a detection matches a source (Panes et al. 2021)."""
