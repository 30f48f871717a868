"""Region files, which DS9 and its kin draw over an image of the sky."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from astropy.table import QTable

_HEAD: Final = (
    "# Region file format: DS9 version 4.1",
    "global color=cyan width=1",
    "icrs",
)


def write(table: QTable, path: Path, *, radius_degrees: float) -> None:
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
