"""Rows of event files of the Fermi mission (FT1), read in blocks.

An event list of the whole sky has more rows than fit in memory, each with some twenty
columns.  Rows are therefore read in blocks, and only the energy and two angles are
used.
"""

from __future__ import annotations

import gzip
import logging
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final, cast

import numpy as np
from astropy import units
from astropy.io import fits
from numpy.typing import NDArray

from amphitrite.errors import BadInput
from amphitrite.surveys.asid.prepare.cuts import Cuts, read_cuts

logger = logging.getLogger(__name__)

_BLOCK_BYTES: Final = 16_000_000
# Largest compression factor that gzip can reach.
_GZIP_MOST: Final = 1032
# deg; 90 with room for the rounding of float32.
_HIGHEST_LATITUDE: Final = 90.001


@dataclass(frozen=True)
class EventList:
    """Location and layout of the photons in an event file.

    Parameters
    ----------
    path : Path
        The file, plain or gzipped.
    offset : int
        Position of the first row in bytes of the unpacked file.
    n_rows : int
        Number of photons.
    row : numpy.dtype
        The layout of a row: ``energy``, ``lon`` and ``lat``.
    mev : float
        The unit of the energies in MeV.
    galactic : bool
        Whether the angles are Galactic; otherwise they are ICRS.
    degrees : float
        The unit of the angles in deg.
    cuts : Cuts
        The cuts with which the photons were selected.
    """

    path: Path
    offset: int
    n_rows: int
    row: np.dtype[np.void]
    mev: float
    galactic: bool
    degrees: float
    cuts: Cuts


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
    offsets, formats = [], []
    for name in wanted:
        column = table.columns[names[name]]
        offset, kind = _layout(path, table, column)
        offsets.append(offset)
        formats.append(kind)
    row = np.dtype(
        {
            "names": ["energy", "lon", "lat"],
            "formats": formats,
            "offsets": offsets,
            "itemsize": table.header["NAXIS1"],
        }
    )
    scales = [
        _scale(path, table.columns[names[name]], unit)
        for name, unit in zip(wanted, ("MeV", "deg", "deg"), strict=True)
    ]
    if scales[1] != scales[2]:
        raise BadInput(
            f"the columns {wanted[1]} and {wanted[2]} of {path} have different units"
            "; write both in deg."
        )
    return EventList(
        path=path,
        offset=table.fileinfo()["datLoc"],
        n_rows=table.header["NAXIS2"],
        row=row,
        mev=scales[0],
        galactic=galactic,
        degrees=scales[1],
        cuts=read_cuts(table.header, name=str(path)),
    )


def _check_length(path: Path, table: fits.BinTableHDU) -> None:
    """Refuse a file that is too short for the number of rows in its header."""
    size = path.stat().st_size * (_GZIP_MOST if _is_gzipped(path) else 1)
    end = table.fileinfo()["datLoc"] + table.header["NAXIS1"] * table.header["NAXIS2"]
    if end > size:
        raise BadInput(
            f"{path} is truncated: its {table.header['NAXIS2']} events end at byte "
            f"{end}, the file at byte {size} or before.\nCopy the file again."
        )


def _layout(
    path: Path, table: fits.BinTableHDU, column: fits.Column
) -> tuple[int, str]:
    """Return a column's offset in a row in bytes, and its numpy format."""
    kind = {"E": ">f4", "1E": ">f4", "D": ">f8", "1D": ">f8"}.get(str(column.format))
    number = table.columns.names.index(column.name) + 1
    scaled = any(f"{key}{number}" in table.header for key in ("TSCAL", "TZERO"))
    if kind is None or scaled:
        raise BadInput(
            f"the column {column.name} of {path} is not stored as plain numbers: "
            f"received TFORM = {column.format!r}"
            f"{' with TSCAL or TZERO' if scaled else ''}.\n"
            "Write it as floating-point numbers (E or D), one in each row."
        )
    offset = table.columns.dtype.fields[column.name][1]
    return int(offset), kind


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


def blocks(events: EventList) -> Iterator[NDArray[np.void]]:
    """Yield the rows of an event list in blocks.

    Parameters
    ----------
    events : EventList
        The list; see `describe`.

    Yields
    ------
    (n,) structured ndarray
        The fields ``energy``, ``lon`` and ``lat``, big-endian as in the file, in the
        file's units; all are finite, and ``lat`` is from -90 to 90 deg.

    Raises
    ------
    BadInput
        The file is truncated, or has values that are NaN, infinite or not a latitude.
    """
    size = events.row.itemsize
    n_block = max(1, _BLOCK_BYTES // size)
    try:
        with _open(events.path) as file:
            file.seek(events.offset)
            for start in range(0, events.n_rows, n_block):
                n = min(n_block, events.n_rows - start)
                data = file.read(n * size)
                if len(data) != n * size:
                    raise EOFError(
                        f"row {start + len(data) // size} of {events.n_rows} is cut off"
                    )
                rows = np.frombuffer(data, dtype=events.row)
                _check(events, rows, start)
                yield rows
    except (EOFError, zlib.error, OSError) as error:
        raise BadInput(
            f"{events.path} is truncated or damaged: {error}\nCopy the file again."
        ) from error


def _open(path: Path) -> BinaryIO:
    """Return a plain or gzipped file, open for reading."""
    return cast(BinaryIO, gzip.open(path)) if _is_gzipped(path) else path.open("rb")


def _is_gzipped(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(2) == b"\x1f\x8b"


def _check(events: EventList, rows: NDArray[np.void], start: int) -> None:
    """Refuse NaN, infinite values and latitudes beyond 90 deg."""
    names = ("ENERGY", "L", "B") if events.galactic else ("ENERGY", "RA", "DEC")
    for field, name in zip(("energy", "lon", "lat"), names, strict=True):
        values = rows[field]
        good = np.isfinite(values)
        if field == "lat":
            good &= np.abs(values) * events.degrees <= _HIGHEST_LATITUDE
        if not good.all():
            bad = int(np.argmin(good))
            meant = "energy" if field == "energy" else "angle"
            raise BadInput(
                f"row {start + bad} (counted from 0) of {events.path} has {name} = "
                f"{values[bad]}, which is no {meant}; so have "
                f"{np.count_nonzero(~good)} of the {len(good)} rows read with it.\n"
                "Remove them from the file."
            )
