"""Catalogues of known sources, as the Fermi mission publishes them.

Their columns have had several names since the first catalogue (1FGL); `COLUMNS` lists
them.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, Final

import numpy as np
from astropy import units
from astropy.coordinates import SkyCoord
from astropy.io import fits
from astropy.utils.exceptions import AstropyUserWarning
from numpy.typing import NDArray

from amphitrite.errors import BadInput
from amphitrite.files.opening import UNREADABLE, check_readable, open_lazily
from amphitrite.surveys.asid.interpret.associations import Counterparts
from amphitrite.surveys.asid.prepare.patches import unit_vectors

logger = logging.getLogger(__name__)

COLUMNS: Final[Mapping[str, Sequence[str]]] = {
    # 2PC lists pulsars by PSR_Name.
    "name": ("Source_Name", "PSR_Name"),
    # 1FGL has RA and DEC.
    "ra": ("RAJ2000", "RA"),
    "dec": ("DEJ2000", "DEC"),
    # 2FHL has circles.
    "r95": ("Conf_95_SemiMajor", "Pos_err_95"),
    "r68": ("Conf_68_SemiMajor", "Pos_err_68"),
    # CLASS1 in 4FGL, 2FGL and 1FGL, CLASS in 3FHL and 2FHL.
    "class": ("CLASS1", "CLASS"),
    "extended": ("Extended_Source_Name",),
    "extent": ("Model_SemiMajor",),
}
"""Names of columns, without regard to case; the first one that is there is read."""

_NEEDED: Final = ("name", "ra", "dec")
# Ratio of the radii that hold 95 % and 68 % of a circular normal distribution.
_WIDER: Final = float(np.sqrt(np.log(0.05) / np.log(0.32)))


def read(path: Path) -> Counterparts:
    """Return a catalogue such as 4FGL-DR3 (``gll_psc_v30.fit``), 3FHL or 2FHL.

    Parameters
    ----------
    path : Path
        A FITS file of the mission, plain or gzipped.

    Returns
    -------
    Counterparts
        The catalogue without sources whose position is NaN.  If there are no radii of
        95 %, those of 68 % are scaled, and without any, positions count as exact; a
        warning is logged.

    Raises
    ------
    BadInput
        The file cannot be read, or lacks names or positions.
    """
    check_readable(path)
    try:
        with (
            warnings.catch_warnings(action="ignore", category=AstropyUserWarning),
            closing(open_lazily(path)) as hdus,
        ):
            tables = [hdu for hdu in hdus if isinstance(hdu, fits.BinTableHDU)]
            usable = [table for table in tables if set(_NEEDED) <= _named(table).keys()]
            # A table of extended sources may lack errors, and stand before the others.
            usable.sort(key=lambda table: not {"r95", "r68"} & _named(table).keys())
            if usable:
                return _counterparts(path, usable[0], _extents(tables))
            listed = "; ".join(map(_listed, tables))
    except UNREADABLE as error:
        raise BadInput(
            f"the catalogue {path} cannot be read: {error}\nGive a FITS file such as "
            "gll_psc_v30.fit; if it is one, copy it again."
        ) from error
    raise BadInput(
        f"{path} is no catalogue of the Fermi mission that is understood: no table has "
        f"the columns {', '.join(COLUMNS[key][0] for key in _NEEDED)}; received "
        f"{listed or 'no table'}.\nGive a file such as gll_psc_v30.fit (4FGL) or "
        "gll_psch_v13.fit (3FHL)."
    )


def _named(table: Any) -> dict[str, str]:
    """Return the names of a table's columns, by what they are in `COLUMNS`."""
    names = {name.upper(): name for name in table.columns.names}
    found = {
        key: next((names[n.upper()] for n in known if n.upper() in names), None)
        for key, known in COLUMNS.items()
    }
    return {key: name for key, name in found.items() if name is not None}


def _counterparts(path: Path, table: Any, extents: Mapping[str, float]) -> Counterparts:
    named = _named(table)
    ra, dec = (_degrees(table, named[key]) for key in ("ra", "dec"))
    placed = np.isfinite(ra) & np.isfinite(dec)
    place = SkyCoord(ra[placed], dec[placed], unit="deg").galactic
    names, classes, extended = (
        _text(table.data[named[key]][placed])
        if key in named
        else np.full(np.count_nonzero(placed), "")
        for key in ("name", "class", "extended")
    )
    r95, choices = _radii(path, table, named)
    header = table.header
    return Counterparts(
        title=f"{header.get('CDS-NAME', '')} {header.get('VERSION', '')}".strip(),
        names=names,
        classes=classes,
        vectors=unit_vectors(place.l.deg, place.b.deg),
        r95=r95[placed],
        extent=np.array(
            [
                extents.get(str(other) or str(name), 0.0)
                for name, other in zip(names, extended, strict=True)
            ]
        ),
        choices=choices,
    )


def _radii(
    path: Path, table: Any, named: Mapping[str, str]
) -> tuple[NDArray[np.float64], dict[str, str]]:
    """Return the radii of 95 % in deg, 0 where unknown, and how they were chosen."""
    choices = {}
    if "r95" in named:
        radii = _degrees(table, named["r95"]).astype(np.float64)
    elif "r68" in named:
        radii = _WIDER * _degrees(table, named["r68"]).astype(np.float64)
        choices = {"ASSOCR95": f"{_WIDER:.4f} {named['r68']}"}
        logger.warning(
            "%s has no radii of 95 %%; those of 68 %% (%s) are scaled by %.4f, as of a "
            "normal distribution",
            *(path, named["r68"], _WIDER),
        )
    else:
        radii = np.zeros(len(table.data))
        choices = {"ASSOCR95": "0"}
        logger.warning(
            "%s has no errors of positions; they are taken to be exact", path
        )
    return np.where(np.isfinite(radii) & (radii > 0), radii, 0.0), choices


def _degrees(table: Any, name: str) -> NDArray[np.floating]:
    """Return a column of angles in deg, which are its unit if it states none."""
    values, unit = np.asarray(table.data[name]), table.columns[name].unit
    return values * float(units.Unit(unit).to("deg")) if unit else values


def _extents(tables: list[Any]) -> dict[str, float]:
    """Return the semi-major axes of extended sources in deg, by name."""
    found: dict[str, float] = {}
    for table in tables:
        named = _named(table)
        if {"name", "extent"} <= named.keys():
            names = _text(table.data[named["name"]])
            sizes = _degrees(table, named["extent"])
            pairs = zip(names, sizes, strict=True)
            found |= {str(name): float(size) for name, size in pairs if size >= 0}
    return found


def _text(column: Any) -> NDArray[np.str_]:
    return np.char.strip(np.asarray(column, str))


def _listed(table: Any) -> str:
    return f"{table.name or 'a table'} with {', '.join(table.columns.names[:8])}"
