"""The energy channels of a counts cube, from the table in its file.

``gtbin`` writes an ``EBOUNDS`` table; gammapy may use other names.
"""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import numpy as np
from astropy import units
from astropy.io import fits
from numpy.typing import NDArray

from amphitrite.errors import BadInput
from amphitrite.surveys.asid.prepare.coverage import Channel
from amphitrite.surveys.asid.prepare.maps import bands_table

# Limits are stored as float32, so that the end of one channel may exceed the start of
# the next by rounding.
_ROUNDING: Final = 1e-5


def read_channels(
    hdus: fits.HDUList, cube: Any, *, n_channels: int, path: Path
) -> list[Channel]:
    """Return the energy channels of a counts cube.

    Parameters
    ----------
    hdus : astropy.io.fits.HDUList
        The open file, with a table of ``E_MIN`` and ``E_MAX`` (preferably the one
        that the cube names, or ``EBOUNDS``), or one of ``n_channels + 1`` edges named
        ``ENERGY``.
    cube : astropy.io.fits HDU
        The cube.
    n_channels : int
        Number of planes of the cube.
    path : Path
        The file, for messages.

    Returns
    -------
    list of Channel
        In the order of the planes, MeV.

    Raises
    ------
    BadInput
        There is no such table, it has another number of rows than there are planes, or
        a unit that is not one of energy; or the limits of a channel do not increase, or
        channels overlap.
    """
    low, high = _limits(hdus, cube, n_channels, path)
    rising = np.isfinite(low) & np.isfinite(high) & (low >= 0) & (low < high)
    if not rising.all():
        bad = int(np.argmin(rising))
        raise BadInput(
            f"channel {bad + 1} of {path} has the limits {low[bad]:g} and "
            f"{high[bad]:g} MeV; the lower one must be the smaller one.\n"
            "Correct the table of energies."
        )
    channels = [Channel(float(a), float(b)) for a, b in zip(low, high, strict=True)]
    for one, two in pairwise(sorted(channels, key=lambda channel: channel.low)):
        if two.low < one.high * (1 - _ROUNDING):
            raise BadInput(
                f"channels of {path} overlap: received {one.low:g}-{one.high:g} MeV "
                f"and {two.low:g}-{two.high:g} MeV, so that photons would count twice."
                "\nGive a cube whose channels do not overlap."
            )
    return channels


def _limits(
    hdus: fits.HDUList, cube: Any, n_channels: int, path: Path
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the lower and upper limits of all channels in MeV."""
    tables = [hdu for hdu in hdus if isinstance(hdu, fits.BinTableHDU)]
    own = bands_table(hdus, cube)
    tables.sort(key=lambda hdu: (hdu is not own, hdu.name != "EBOUNDS"))
    for table in tables:
        if {"E_MIN", "E_MAX"} <= _columns(table).keys():
            low, high = (_energies(table, name, path) for name in ("E_MIN", "E_MAX"))
            if len(low) != n_channels:
                raise BadInput(
                    f"{path} has {n_channels} planes, but its table {table.name} has "
                    f"{len(low)} energy channels.\nGive one row for each plane."
                )
            return low, high
    for table in tables:
        if "ENERGY" in _columns(table) and len(table.data) == n_channels + 1:
            edges = _energies(table, "ENERGY", path)
            return edges[:-1], edges[1:]
    names = ", ".join(hdu.name or "PRIMARY" for hdu in hdus)
    raise BadInput(
        f"{path} does not say which energies its {n_channels} plane(s) hold: there is "
        f"no EBOUNDS table; its HDUs are: {names}.\nA counts cube needs a table "
        "EBOUNDS with E_MIN and E_MAX of each plane (energies at points, as in maps of "
        "exposure or intensity, do not do)."
    )


def _columns(table: fits.BinTableHDU) -> dict[str, str]:
    """Return the names of a table's columns, by their name in capitals."""
    return {name.upper(): name for name in table.columns.names}


def _energies(table: fits.BinTableHDU, name: str, path: Path) -> NDArray[np.float64]:
    """Return a column of energies in MeV."""
    column = _columns(table)[name]
    unit = table.columns[column].unit
    try:
        if unit is None:
            raise ValueError("there is no TUNIT keyword")
        factor = float(units.Unit(unit).to("MeV"))
        return np.asarray(table.data[column], dtype=np.float64).ravel() * factor
    except (ValueError, TypeError) as error:
        raise BadInput(
            f"the column {column} in the table {table.name} of {path} is not in a unit "
            f"of energy: received {unit!r} ({error}).\nState keV, MeV or GeV in its "
            "TUNIT keyword."
        ) from error
