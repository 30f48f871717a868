"""Rows of event files of the Fermi mission (FT1), read in blocks.

An event list of the whole sky has more rows than fit in memory.
"""

from __future__ import annotations

import lzma
import zlib
from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

from amphitrite.errors import BadInput
from amphitrite.files import compression
from amphitrite.surveys.asid.prepare.event_table import ZENITH, EventList

_BLOCK_BYTES: Final = 16_000_000
# deg; 90 with room for the rounding of float32.
_HIGHEST_LATITUDE: Final = 90.001


def blocks(events: EventList) -> Iterator[NDArray[np.void]]:
    """Yield the rows of an event list in blocks.

    Parameters
    ----------
    events : EventList
        The list; see `describe`.

    Yields
    ------
    (n,) structured ndarray
        The fields of `EventList.row`, big-endian as in the file, in the file's units;
        energies and angles are finite, and ``lat`` is from -90 to 90 deg.

    Raises
    ------
    BadInput
        The file is truncated, or has values that are NaN, infinite or not a latitude.
    """
    size = events.row.itemsize
    n_block = max(1, _BLOCK_BYTES // size)
    try:
        with compression.opened(events.path) as file:
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
    except (EOFError, OSError, zlib.error, lzma.LZMAError) as error:
        raise BadInput(
            f"{events.path} is truncated or damaged: {error}\nCopy the file again."
        ) from error


def _check(events: EventList, rows: NDArray[np.void], start: int) -> None:
    """Refuse NaN, infinite values and latitudes beyond 90 deg."""
    lon, lat = ("L", "B") if events.galactic else ("RA", "DEC")
    names = {"energy": "ENERGY", "lon": lon, "lat": lat, "zenith": ZENITH}
    for field in (field for field in names if field in (events.row.names or ())):
        values = rows[field]
        if field == "lat":  # neither NaN nor infinity is below the limit
            good = np.abs(values) * events.degrees <= _HIGHEST_LATITUDE
        else:
            good = np.isfinite(values)
        if not good.all():
            bad = int(np.argmin(good))
            meant = "energy" if field == "energy" else "angle"
            raise BadInput(
                f"row {start + bad} (counted from 0) of {events.path} has "
                f"{names[field]} = {values[bad]}, which is no {meant}; so have "
                f"{np.count_nonzero(~good)} of the {len(good)} rows read with it.\n"
                "Remove them from the file."
            )
