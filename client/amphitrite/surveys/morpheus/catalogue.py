"""The catalogue of galaxies: its columns, with the unit of the image's flux."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any, Final

from astropy.units import Unit
from numpy.typing import NDArray

from amphitrite.files.columns import Column, join_flags
from amphitrite.files.frames import ICRS
from amphitrite.surveys.morpheus.page import MORPHOLOGIES

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
    Column(
        "ra", "float64", "deg", "pos.eq.ra;meta.main", "Right ascension (ICRS)", ICRS
    ),
    Column("dec", "float64", "deg", "pos.eq.dec;meta.main", "Declination (ICRS)", ICRS),
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
                f"Standard deviation of '{label}' between overlapping windows",
            ),
        )
    ),
    Column("morphology", "str", "", "src.morph.type", "Class with the largest share"),
    Column(
        "flags", "str", "", "meta.code", "Comma-separated: pixel_scale, other_filter"
    ),
)

FLAGS: Final = {
    "pixel_scale": "the pixels are not of 0.06 arcsec, as those of the training are",
    "other_filter": "a band's header names another filter than the training's",
}
"""Meanings of the words in the column ``flags``, which is empty where none applies."""


def interpret(
    measured: Mapping[str, NDArray[Any]], flags: Collection[str]
) -> dict[str, NDArray[Any]]:
    """Return the columns of the catalogue.

    Parameters
    ----------
    measured : mapping of str to (n,) ndarray
        See `amphitrite.surveys.morpheus.interpret.measurement.measure`.
    flags : collection of str
        The words of `FLAGS` that apply to the image, and so to every source.

    Returns
    -------
    dict of str to (n,) ndarray
        Values by column name.
    """
    applies = {flag: flag in flags for flag in FLAGS}
    return {**measured, "flags": join_flags(applies, len(measured["id"]))}


def columns_for(bunit: str) -> list[Column]:
    """Return the catalogue's columns, with flux in the unit of the H image (BUNIT)."""
    unit = _flux_unit(bunit)
    return [
        replace(column, unit=unit) if column.name == "flux_h" else column
        for column in COLUMNS
    ]


def _flux_unit(bunit: str) -> str:
    """Return a BUNIT in the notation of the FITS standard; empty if it is not a unit.

    The standard has no unit for electrons (HST's images are in ELECTRONS/S); they
    become counts (ct).
    """
    for text in (bunit, re.sub("electrons?", "ct", bunit.lower())):
        try:
            return str(Unit(text, format="fits").to_string("fits"))
        except (ValueError, TypeError):
            continue
    return ""
