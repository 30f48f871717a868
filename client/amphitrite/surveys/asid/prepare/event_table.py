"""Layout of the rows of event files of the Fermi mission (FT1).

Of some twenty columns only the energy and two angles are used, the zenith angle where
the file was not selected by it, and what tells photons apart: time, run and event.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from astropy import units
from astropy.io import fits

from amphitrite.errors import BadInput
from amphitrite.files import compression
from amphitrite.surveys.asid.prepare.cuts import ADVISED_ZENITH, Cuts, read_cuts

logger = logging.getLogger(__name__)

_MOST_PACKED: Final = 1032
"""Largest factor by which gzip packs; photons are packed far less by any program."""
_FORMATS: Final = {"E": ">f4", "D": ">f8"}
_IDENTITY_FORMATS: Final = _FORMATS | {"I": ">i2", "J": ">i4", "K": ">i8"}
_IDENTITY: Final = {"time": "TIME", "run": "RUN_ID", "event": "EVENT_ID"}
ZENITH: Final = "ZENITH_ANGLE"


@dataclass(frozen=True)
class EventList:
    """Location and layout of the photons in an event file.

    Parameters
    ----------
    path : Path
        The file, plain or packed.
    offset : int
        Position of the first row in bytes of the unpacked file.
    n_rows : int
        Number of photons.
    row : numpy.dtype
        The layout of a row: ``energy``, ``lon`` and ``lat``; ``time``, ``run`` and
        ``event``, as far as the file has them; ``zenith`` where it is cut.
    mev : float
        The unit of the energies in MeV.
    galactic : bool
        Whether the angles are Galactic; otherwise they are ICRS.
    degrees : float
        The unit of the angles in deg.
    cuts : Cuts
        The cuts with which the photons were selected.
    zenith : float or None
        Largest zenith angle, in the unit of its column, of the photons that count,
        where the file's own cuts admit the Earth's limb; None if all count.
    """

    path: Path
    offset: int
    n_rows: int
    row: np.dtype[np.void]
    mev: float
    galactic: bool
    degrees: float
    cuts: Cuts
    zenith: float | None = None


def describe(path: Path, table: fits.BinTableHDU) -> EventList:
    """Return location and layout of the photons in an event file.

    Parameters
    ----------
    path : Path
        The file.
    table : astropy.io.fits.BinTableHDU
        Its EVENTS table; only the header is read.

    Raises
    ------
    BadInput
        A column is missing or not stored as plain numbers, a unit is not one of energy
        or angle, a cut is not understood, or the file is too short for its rows.
    """
    _check_length(path, table)
    names = {name.upper(): name for name in table.columns.names}
    galactic = {"L", "B"} <= names.keys()
    wanted = ("ENERGY", "L", "B") if galactic else ("ENERGY", "RA", "DEC")
    missing = [name for name in wanted if name not in names]
    if missing:
        raise BadInput(
            f"the EVENTS table of {path} has no column {' or '.join(missing)}; it has: "
            f"{', '.join(names) or 'none'}.\nAn event list needs ENERGY, and L and B "
            "or RA and DEC."
        )
    cuts = read_cuts(table.header, name=str(path))
    columns = dict(zip(("energy", "lon", "lat"), wanted, strict=True))
    if cuts.admits_limb and ZENITH in names:
        columns["zenith"] = ZENITH
    formats = {
        field: _plain_format(path, table, names[name])
        for field, name in columns.items()
    }
    for field, name in _IDENTITY.items():
        if name in names and (kind := _format(table, names[name], _IDENTITY_FORMATS)):
            columns[field], formats[field] = name, kind
    scales = [
        _scale(path, table.columns[names[name]], unit)
        for name, unit in zip(wanted, ("MeV", "deg", "deg"), strict=True)
    ]
    if scales[1] != scales[2]:
        raise BadInput(
            f"the columns {wanted[1]} and {wanted[2]} of {path} have different units"
            "; write both in deg."
        )
    zenith = None
    if "zenith" in columns:
        zenith = ADVISED_ZENITH / _scale(path, table.columns[names[ZENITH]], "deg")
    return EventList(
        path=path,
        offset=table.fileinfo()["datLoc"],
        n_rows=table.header["NAXIS2"],
        row=_row(table, {key: names[name] for key, name in columns.items()}, formats),
        mev=scales[0],
        galactic=galactic,
        degrees=scales[1],
        cuts=cuts,
        zenith=zenith,
    )


def _row(
    table: fits.BinTableHDU, columns: Mapping[str, str], formats: Mapping[str, str]
) -> np.dtype[np.void]:
    """Return the layout of a row: of each field, its column and format."""
    inside = table.columns.dtype.fields
    return np.dtype(
        {
            "names": list(columns),
            "formats": [formats[field] for field in columns],
            "offsets": [inside[name][1] for name in columns.values()],
            "itemsize": table.header["NAXIS1"],
        }
    )


def _check_length(path: Path, table: fits.BinTableHDU) -> None:
    """Refuse a file that is too short for the number of rows in its header."""
    size = path.stat().st_size * (_MOST_PACKED if compression.is_packed(path) else 1)
    end = table.fileinfo()["datLoc"] + table.header["NAXIS1"] * table.header["NAXIS2"]
    if end > size:
        raise BadInput(
            f"{path} is truncated: its {table.header['NAXIS2']} events end at byte "
            f"{end}, the file at byte {size} or before.\nCopy the file again."
        )


def _plain_format(path: Path, table: fits.BinTableHDU, name: str) -> str:
    """Return the numpy format of a column that has to be of floating-point numbers."""
    kind = _format(table, name, _FORMATS)
    if kind is None:
        column = table.columns[name]
        scaled = " with TSCAL or TZERO" if _is_scaled(table, name) else ""
        raise BadInput(
            f"the column {name} of {path} is not stored as plain numbers: "
            f"received TFORM = {column.format!r}{scaled}.\n"
            "Write it as floating-point numbers (E or D), one in each row."
        )
    return kind


def _format(table: fits.BinTableHDU, name: str, known: Mapping[str, str]) -> str | None:
    """Return the numpy format of a column; None if it is scaled or of no known one."""
    kind = known.get(str(table.columns[name].format).removeprefix("1"))
    return None if kind is None or _is_scaled(table, name) else kind


def _is_scaled(table: fits.BinTableHDU, name: str) -> bool:
    number = table.columns.names.index(name) + 1
    return any(f"{key}{number}" in table.header for key in ("TSCAL", "TZERO"))


def _scale(path: Path, column: fits.Column, unit: str) -> float:
    """Return the unit of a column, expressed in another unit."""
    if column.unit is None:
        logger.warning(
            "%s states no unit of %s; taken to be %s, as the format says",
            path,
            column.name,
            unit,
        )
        return 1.0
    try:
        return float(units.Unit(column.unit).to(unit))
    except (ValueError, TypeError) as error:
        raise BadInput(
            f"the column {column.name} of {path} has the unit {column.unit!r}, which "
            f"cannot be converted to {unit}.\nCorrect its TUNIT keyword."
        ) from error
