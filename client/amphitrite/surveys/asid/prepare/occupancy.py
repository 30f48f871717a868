"""The part of the sky that photons fill, for lists that do not state it.

Photons are counted in the cells of HEALPix maps.  Cells must be large enough that
hardly one inside the region is empty by chance, and small enough to follow its edge.
"""

from __future__ import annotations

from typing import Final

import astropy_healpix
import numpy as np
from numpy.typing import NDArray

from amphitrite.surveys.asid.prepare.footprints import HealpixFootprint, WholeSky

FINEST_NSIDE: Final = 256
"""Cells of 0.23 deg: finer edges would not matter beside the point spread function."""

LEAST_MEDIAN: Final = 10
MOST_HOLES: Final = 1 / 500


def count(vectors: NDArray[np.floating]) -> NDArray[np.int64]:
    """Count photons in the cells of the finest map.

    Parameters
    ----------
    vectors : (n, 3) ndarray
        Galactic unit vectors.

    Returns
    -------
    (12 * 256^2,) ndarray of int64
        Photons in each cell, in NESTED order.
    """
    cells = astropy_healpix.xyz_to_healpix(
        *np.asarray(vectors, np.float64).T, FINEST_NSIDE, order="nested"
    )
    return np.bincount(cells, minlength=12 * FINEST_NSIDE**2)


def footprint(counts: NDArray[np.int64]) -> HealpixFootprint | WholeSky:
    """Return the part of the sky that photons fill.

    Parameters
    ----------
    counts : (12 * 256^2,) ndarray of int64
        The photons as `count` returns them, of one list or the sum of several.

    Returns
    -------
    HealpixFootprint or WholeSky
        The cells that hold photons, and those with photons on all sides; the whole
        sky if these are all cells, or if the photons are too few to tell.

    Notes
    -----
    The finest cells are taken whose median, over those with photons, is at least 10
    photons, and where at most one in 500 is empty in the midst of others.  The first
    bound alone would be met by a few crowded cells, the second alone by photons so
    few that none has neighbours.  Cells on the edge count as inside, so that the
    region reaches up to one cell too far; near a faint edge it may end too early.
    """
    nside = FINEST_NSIDE
    while nside >= 1:
        cells = _closed(counts, nside)
        if cells is not None:
            if cells.all():
                return WholeSky()
            return HealpixFootprint(nside, "nested", cells, np.eye(3))
        # In NESTED order, four cells that follow each other make the coarser one.
        counts = counts.reshape(-1, 4).sum(axis=1) if nside > 1 else counts
        nside //= 2
    return WholeSky()


def _closed(counts: NDArray[np.int64], nside: int) -> NDArray[np.bool_] | None:
    """Return the cells with photons, holes closed; None if they are too small."""
    cells = counts > 0
    n_cells = np.count_nonzero(cells)
    if n_cells == 0 or np.median(counts[cells]) < LEAST_MEDIAN:
        return None
    empty = np.flatnonzero(~cells)
    # A few cells have only seven neighbours; the eighth is then -1, and numpy told.
    with np.errstate(invalid="ignore"):
        neighbours = astropy_healpix.neighbours(empty, nside, order="nested")
    filled = (cells[neighbours] | (neighbours < 0)).sum(axis=0)
    holes = empty[filled >= 7]
    if len(holes) > MOST_HOLES * n_cells:
        return None
    cells[holes] = True
    return cells
