"""The files beside the catalogue: a region file for DS9 and a picture."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from astropy.table import QTable

from amphitrite.engine.beside import Beside
from amphitrite.surveys.asid import pictures as asid_pictures
from amphitrite.surveys.asid.options import Options
from amphitrite.surveys.asid.page import MATCH_DEGREES
from amphitrite.surveys.asid.prepare.photons import Photons

_HEAD: Final = (
    "# Region file format: DS9 version 4.1",
    "global color=cyan width=1",
    "icrs",
)


def check_drawable(options: Options) -> None:
    """Check that the picture can be drawn, if one is asked for.

    Raises
    ------
    MissingExtra
        matplotlib is not installed.
    """
    if options.plot is not None:
        asid_pictures.check_available()


def write_regions(table: QTable, path: Path, *, radius_degrees: float) -> None:
    """Write a circle with its name around each source.

    Parameters
    ----------
    table : QTable
        A catalogue with the columns ``name``, ``ra`` and ``dec`` (ICRS).
    path : Path
        The file, replaced if it exists.
    radius_degrees : float
        Radius of the circles, deg.

    Notes
    -----
    The format is described at https://ds9.si.edu/doc/ref/region.html.
    """
    radius = f'{radius_degrees * 3600:g}"'
    circles = (
        f"circle({ra:.6f},{dec:.6f},{radius}) # text={{{name}}}"
        for name, ra, dec in zip(
            table["name"],
            table["ra"].to_value("deg"),
            table["dec"].to_value("deg"),
            strict=True,
        )
    )
    path.write_text("\n".join([*_HEAD, *circles]) + "\n", encoding="ascii")


def write(beside: Beside, options: Options, table: QTable, photons: Photons) -> None:
    """Write the region file and the picture, each first under a temporary name."""
    if options.regions is not None:
        with beside.aside(options.regions) as path:
            write_regions(table, path, radius_degrees=MATCH_DEGREES)
    if options.plot is not None:
        with beside.aside(options.plot) as path:
            asid_pictures.write(path, photons.vectors, table)
