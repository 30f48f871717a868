"""Counts cubes of HEALPix maps (``gtbin`` HEALPIX, gammapy, healpy).

Conventions: https://gamma-astro-data-formats.readthedocs.io/en/latest/skymaps/healpix/
"""

from __future__ import annotations

import re
from collections.abc import Container
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import astropy_healpix
import numpy as np
from astropy.coordinates import ICRS, Galactic
from astropy.io import fits
from numpy.typing import NDArray

from amphitrite.errors import BadInput
from amphitrite.surveys.asid.prepare.channels import read_channels
from amphitrite.surveys.asid.prepare.footprints import (
    HealpixFootprint,
    WholeSky,
    to_galactic,
)
from amphitrite.surveys.asid.prepare.patches import unit_vectors
from amphitrite.surveys.asid.prepare.photons import Photons
from amphitrite.surveys.asid.prepare.scatter import (
    Plane,
    check_plane,
    check_unit,
    photons_of,
)

UNSEEN: Final = -1.6375e30
"""The value that healpy writes where there is no sky."""

_FINEST_NSIDE: Final = 4096
_INDEX: Final = ("PIX", "PIXEL", "IPIX", "HPX_INDEX", "INDEX")
_ORDERS: Final = {"RING": "ring", "NESTED": "nested", "NEST": "nested"}
_CHANNEL: Final = re.compile(r"(CHANNEL|CHAN|C|BIN)[ _]*\d+", re.IGNORECASE)


@dataclass(frozen=True)
class Cells:
    """The cells of a HEALPix map.

    Parameters
    ----------
    nside : int
        Resolution.
    order : {"ring", "nested"}
        Numbering of the cells.
    rotation : (3, 3) ndarray
        Turns vectors of the map's frame into Galactic ones: ``rotation @ v``.
    """

    nside: int
    order: str
    rotation: NDArray[np.float64]

    def place(
        self, pixels: NDArray[np.int64], random: np.random.Generator
    ) -> NDArray[np.float64]:
        """Return random directions inside cells, uniform on the sphere.

        Parameters
        ----------
        pixels : (n,) ndarray of int64
            Each photon's cell.
        random : numpy.random.Generator
            Source of the positions.

        Returns
        -------
        (n, 3) ndarray of float64
            Galactic unit vectors.
        """
        dx, dy = random.uniform(size=(2, len(pixels)))
        lon, lat = astropy_healpix.healpix_to_lonlat(
            pixels, self.nside, dx=dx, dy=dy, order=self.order
        )
        placed: NDArray[np.float64] = (
            unit_vectors(lon.to_value("deg"), lat.to_value("deg")) @ self.rotation.T
        )
        return placed


def read(
    path: Path, hdus: fits.HDUList, table: fits.BinTableHDU, *, seed: int
) -> Photons:
    """Return the photons of a HEALPix counts cube.

    Parameters
    ----------
    path : Path
        The file.
    hdus : astropy.io.fits.HDUList
        The open file.
    table : astropy.io.fits.BinTableHDU
        The HDU with the cube: one column per channel, and one with the cells' numbers
        if not all cells are listed.  NaN or -1.6375e30 where there is no sky.
    seed : int
        Seed of the random positions inside the cells.

    Raises
    ------
    BadInput
        The map's keywords or cells are not understood, there are no energies, the
        values are not counts, or no band is usable.
    """
    check_unit(table.header.get("BUNIT"), path=path)
    cells = read_cells(path, table.header)
    index, columns = _columns(path, table, cells.nside)
    channels = read_channels(hdus, table, n_channels=len(columns), path=path)
    planes, sky = [], None
    for number, column in enumerate(columns, start=1):
        counts = column.astype(np.float64)
        # A relative comparison, since programs write it as float32 or float64.
        counts[np.abs(counts / UNSEEN - 1) < 1e-5] = np.nan
        plane, sky = check_plane(counts, sky, channel=number, path=path)
        planes.append(Plane(index[plane.pixels], plane.counts))
    shown = np.zeros(12 * cells.nside**2, dtype=bool)
    shown[index[sky]] = True
    if not shown.any():
        raise BadInput(f"{path} shows no sky: all its cells are NaN.\nCheck the file.")
    return photons_of(
        planes,
        channels,
        place=cells.place,
        footprint=WholeSky()
        if shown.all()
        else HealpixFootprint(cells.nside, cells.order, shown, cells.rotation),
        pixel_degrees=astropy_healpix.nside_to_pixel_resolution(cells.nside).to_value(
            "deg"
        ),
        seed=seed,
        path=path,
    )


def read_cells(path: Path, header: fits.Header) -> Cells:
    """Return the cells that a map's header describes.

    Parameters
    ----------
    path : Path
        The file, for messages.
    header : astropy.io.fits.Header
        The map's header, with NSIDE, ORDERING and COORDSYS.

    Raises
    ------
    BadInput
        Resolution, numbering or coordinates are not understood.
    """
    nside, order = header.get("NSIDE"), str(header.get("ORDERING", "")).upper()
    if not isinstance(nside, int) or not 1 <= nside <= _FINEST_NSIDE:
        raise BadInput(
            f"the HEALPix map of {path} has no usable resolution: received NSIDE = "
            f"{nside!r}.\nWrite the keyword NSIDE, from 1 to {_FINEST_NSIDE}."
        )
    if order not in _ORDERS:
        raise BadInput(
            f"the HEALPix map of {path} does not say how its cells are numbered: "
            f"received ORDERING = {header.get('ORDERING')!r}.\nWrite RING or NESTED."
        )
    if _ORDERS[order] == "nested" and nside & (nside - 1):
        raise BadInput(
            f"the HEALPix map of {path} is NESTED with NSIDE = {nside}, which is no "
            "power of two.\nCorrect NSIDE or ORDERING."
        )
    system = str(header.get("COORDSYS", "")).strip().upper()
    if system.startswith("G"):
        frame = Galactic()
    elif system in ("C", "Q") or system.startswith(("CEL", "EQU", "ICRS")):
        frame = ICRS()
    else:
        raise BadInput(
            f"the HEALPix map of {path} is in coordinates that are not known: received "
            f"COORDSYS = {header.get('COORDSYS')!r}.\nWrite GAL or CEL."
        )
    return Cells(nside, _ORDERS[order], to_galactic(frame))


def _columns(
    path: Path, table: fits.BinTableHDU, nside: int
) -> tuple[NDArray[np.int64], list[NDArray[Any]]]:
    """Return the cell of each row, and the values of each channel."""
    names = {name.upper(): name for name in table.columns.names}
    index_name = _index_name(names)
    values = [name for key, name in names.items() if key != index_name]
    # There may be other columns beside those of the channels.
    values = [name for name in values if _CHANNEL.fullmatch(name)] or values
    for name in values:
        check_unit(table.columns[name].unit, path=path)
    try:
        columns = [np.asarray(table.data[name]) for name in values]
        listed = None if index_name is None else table.data[names[index_name]]
    except (OSError, EOFError, ValueError, TypeError) as error:
        raise BadInput(
            f"the HEALPix table of {path} cannot be read: {error}\n"
            "The file may be truncated; copy it again."
        ) from error
    if not columns or any(column.dtype.kind not in "iuf" for column in columns):
        raise BadInput(
            f"the HEALPix table of {path} has no columns of counts; its columns are "
            f"{', '.join(names.values()) or 'none'}.\nGive one column of numbers for "
            "each energy channel."
        )
    if str(table.header.get("INDXSCHM", "")).upper() == "SPARSE":
        raise BadInput(
            f"the HEALPix table of {path} lists single counts (INDXSCHM = 'SPARSE'), "
            "which is not read.\nWrite it with INDXSCHM = 'IMPLICIT' or 'EXPLICIT'."
        )
    n_cells = 12 * nside**2
    index = np.arange(n_cells) if listed is None else _index(path, listed, nside=nside)
    if len(columns) == 1 and columns[0].ndim == 2 and len(columns[0]) == len(index):
        columns = list(columns[0].T)
    columns = [column.ravel() for column in columns]
    if any(len(column) != len(index) for column in columns):
        raise BadInput(
            f"the HEALPix table of {path} has {len(columns[0])} values in a channel, "
            f"but NSIDE = {nside} makes {n_cells} cells, and no column lists those "
            "that are given.\nGive all cells, or add a column PIX with their numbers."
        )
    return index, columns


def read_index(path: Path, table: fits.BinTableHDU, *, nside: int) -> NDArray[np.int64]:
    """Return the cell of each row: those listed in a column, or all cells.

    Parameters
    ----------
    path : Path
        The file, for messages.
    table : astropy.io.fits.BinTableHDU
        The HDU with the map.
    nside : int
        Resolution of the map.

    Returns
    -------
    (n_rows,) ndarray of int64
        Numbers of cells.

    Raises
    ------
    BadInput
        A number is outside the map or listed twice.
    """
    names = {name.upper(): name for name in table.columns.names}
    name = _index_name(names)
    if name is None:
        return np.arange(12 * nside**2)
    return _index(path, table.data[names[name]], nside=nside)


def _index_name(names: Container[str]) -> str | None:
    """Return the name, in capitals, of the column of cell numbers; None without one."""
    return next((name for name in _INDEX if name in names), None)


def _index(path: Path, listed: NDArray[Any], *, nside: int) -> NDArray[np.int64]:
    """Return the listed cell numbers, checked, as a flat array."""
    index = np.asarray(listed, dtype=np.int64).ravel()
    outside = (index < 0) | (index >= 12 * nside**2)
    if outside.any():
        raise BadInput(
            f"the HEALPix table of {path} lists cell {index[outside][0]}; with NSIDE = "
            f"{nside} they are numbered from 0 to {12 * nside**2 - 1}.\n"
            "Correct NSIDE or the column of cell numbers."
        )
    if len(np.unique(index)) != len(index):
        raise BadInput(
            f"the HEALPix table of {path} lists {len(index) - len(np.unique(index))} "
            "cells more than once.\nList each cell once."
        )
    return index
