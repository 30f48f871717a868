"""Morpheus: the morphology of every pixel of a four-band HST image.

The network's input is a window of 40 x 40 pixels in H, J, V and z, its output the class
probabilities of each of these pixels.  Windows overlap, only the central 30 x 30 pixels
of each are used, and the probabilities of all windows that cover a pixel are combined
(see `amphitrite.surveys.morpheus.prepare.windows`).
"""

from __future__ import annotations

from typing import Final

from amphitrite.triton.spec import ModelSpec, TensorSpec

WINDOW: Final = 40
MARGIN: Final = 5

BANDS: Final = ("H", "J", "V", "z")
FILTERS: Final = ("F160W", "F125W", "F606W", "F850LP")
PIXEL_ARCSEC: Final = 0.06
"""The scale of the images on which the network was trained."""
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

ASKED: Final = (MODEL,)
"""The models that a run requests."""
