"""Morpheus: the morphology of every pixel of a four-band HST image.

A window of 40 x 40 pixels in H, J, V and z goes in; class probabilities for each of
its pixels come out.  Windows overlap, only the central 30 x 30 pixels of each count,
and what the windows say of a pixel is combined (see `amphitrite.windows`).
"""

from __future__ import annotations

from typing import Final

from amphitrite.columns import Column
from amphitrite.spec import ModelSpec, TensorSpec
from amphitrite.windows import MARGIN, WINDOW

BANDS: Final = ("H", "J", "V", "z")
FILTERS: Final = ("F160W", "F125W", "F606W", "F850LP")
LABELS: Final = ("spheroid", "disk", "irregular", "point_source", "background")
MORPHOLOGIES: Final = LABELS[:-1]

REFERENCES: Final = (
    "Hausen & Robertson 2020, ApJS 248, 20, doi:10.3847/1538-4365/ab8868",
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
            name="probabilities",
            dtype="float32",
            shape=(WINDOW, WINDOW, len(LABELS)),
            axes=("y", "x", "label"),
            description="class probabilities, summing to one over the labels",
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
        "Sum of the H image over the segment, in the image's own unit",
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
