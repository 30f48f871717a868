"""ASID: gamma-ray sources in the sky of the Fermi Large Area Telescope.

Counts of a patch of the sky in five energy bands go in; one ensemble on the server
marks the sources with a U-Net and finds their peaks with a Laplacian of Gaussian.
"""

from __future__ import annotations

from typing import Final

from amphitrite.bands import BANDS
from amphitrite.patches import MASK_PIXELS, PATCH_DEGREES
from amphitrite.spec import ModelSpec, TensorSpec

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
