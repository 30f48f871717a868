"""Maps of the sky in a file that may hold several, and the energies of each.

``gtexpcube2`` and ``gtbin`` write one map to a file; gammapy writes all of a dataset,
named COUNTS, EXPOSURE, BACKGROUND, ..., each with a table of its energies, which the
keyword BANDSHDU names.
Conventions: https://gamma-astro-data-formats.readthedocs.io/en/latest/skymaps/
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import numpy as np
from astropy import units
from astropy.io import fits
from numpy.typing import NDArray

from amphitrite.errors import BadInput

COUNTS: Final = "COUNTS"
_OTHERS: Final = (COUNTS, "BACKGROUND", "MASK_SAFE", "MASK_FIT")
"""Names of gammapy's maps of three axes that are no exposure."""


def is_healpix(hdu: Any) -> bool:
    """Return whether an HDU holds a HEALPix map."""
    table = isinstance(hdu, fits.BinTableHDU)
    return table and str(hdu.header.get("PIXTYPE")).upper() == "HEALPIX"


def is_image(hdu: Any) -> bool:
    """Return whether an HDU holds an image of three axes, the first one of energy."""
    shape = tuple(getattr(hdu, "shape", ()) or ())
    return bool(getattr(hdu, "is_image", False)) and len(shape) == 3


def exposure_map(hdus: fits.HDUList) -> Any | None:
    """Return the HDU of the exposure: the first map that is named as nothing else.

    None if there is no HEALPix map and no image of three axes, or none but others.
    """
    found = (hdu for hdu in hdus if is_healpix(hdu) or is_image(hdu))
    return next((hdu for hdu in found if hdu.name not in _OTHERS), None)


def bands_table(hdus: fits.HDUList, hdu: Any) -> fits.BinTableHDU | None:
    """Return the table that a map's header names as that of its energies."""
    name = str(hdu.header.get("BANDSHDU") or "").strip()
    return _table(hdus, name) if name else None


def _table(hdus: fits.HDUList, name: str) -> fits.BinTableHDU | None:
    tables = (hdu for hdu in hdus if isinstance(hdu, fits.BinTableHDU))
    return next((table for table in tables if table.name == name), None)


def node_energies(
    path: Path, hdus: fits.HDUList, hdu: Any, *, n_planes: int
) -> NDArray[np.float64]:
    """Return the energies at which the planes of a map hold.

    Parameters
    ----------
    path : Path
        The file, for messages.
    hdus : astropy.io.fits.HDUList
        The open file.
    hdu : astropy.io.fits HDU
        The map.
    n_planes : int
        Number of its planes.

    Returns
    -------
    (n_planes,) ndarray of float64
        Energies in MeV, rising; the file's are in MeV unless it states another unit.

    Raises
    ------
    BadInput
        There is no table of energies, or it does not belong to the map.
    """
    table = bands_table(hdus, hdu)
    if table is None:
        table = _table(hdus, "ENERGIES")
    if table is None:
        raise BadInput(
            f"{path} does not say at which energies its exposure is: it has no table "
            "ENERGIES, and its map names no other (BANDSHDU).\nGive the output of "
            "gtexpcube2."
        )
    names = {name.upper(): name for name in table.columns.names}
    known = (names[name] for name in ("ENERGY", "ENERGY_TRUE") if name in names)
    column = table.columns[next(known, table.columns.names[0])]
    factor = float(units.Unit(column.unit or "MeV").to("MeV"))
    energies = np.asarray(table.data[column.name], np.float64).ravel() * factor
    rising = (energies > 0).all() and (np.diff(energies) > 0).all()
    if len(energies) != n_planes or not rising:
        raise BadInput(
            f"the energies of {path} do not belong to its {n_planes} planes: received "
            f"{len(energies)} from {energies.min():g} to {energies.max():g} MeV.\nGive "
            "one positive, rising energy a plane."
        )
    return energies
