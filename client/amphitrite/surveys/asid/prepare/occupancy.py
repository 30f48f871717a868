"""The region of the sky that photons fill, for event lists that do not state it.

Photons are counted in the cells of HEALPix maps.  The cells must be so large that
hardly any cell inside the region is empty by chance, and so small that they follow its
edge.
"""

from __future__ import annotations

from typing import Final

import astropy_healpix
import numpy as np
from numpy.typing import NDArray

from amphitrite.surveys.asid.prepare.footprints import HealpixFootprint, WholeSky

FINEST_NSIDE: Final = 256
"""Cells of 0.23 deg, small enough in comparison with the point spread function."""

LEAST_MEDIAN: Final = 10
MOST_HOLES: Final = 1 / 500


def count(vectors: NDArray[np.floating]) -> NDArray[np.int64]:
    """Return the number of photons in each cell of the finest map.

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
    """Return the region of the sky that photons fill.

    Parameters
    ----------
    counts : (12 * 256^2,) ndarray of int64
        Photons in each cell (see `count`) of one list, or the sum of several.

    Returns
    -------
    HealpixFootprint or WholeSky
        The cells with photons, and the empty ones that such cells surround; the whole
        sky if these are all cells, or if there are too few photons.

    Notes
    -----
    The resolution is the finest one at which the median number of photons in cells
    with photons is at least 10, and the number of empty cells inside the region is at
    most one in 500.  A few crowded cells would satisfy the first condition alone, and
    photons too sparse to have neighbours the second alone.  Cells on the edge count as
    inside, so that the region extends up to one cell too far; near a faint edge it may
    end too early.
    """
    nside = FINEST_NSIDE
    while nside >= 1:
        cells = _closed(counts, nside)
        if cells is not None:
            if cells.all():
                return WholeSky()
            return HealpixFootprint(nside, "nested", cells, np.eye(3))
        # In NESTED order, four consecutive cells form one of the next coarser map.
        counts = counts.reshape(-1, 4).sum(axis=1) if nside > 1 else counts
        nside //= 2
    return WholeSky()


def _closed(counts: NDArray[np.int64], nside: int) -> NDArray[np.bool_] | None:
    """Return the cells with photons, holes filled; None if cells are too small."""
    cells = counts > 0
    n_cells = np.count_nonzero(cells)
    if n_cells == 0 or np.median(counts[cells]) < LEAST_MEDIAN:
        return None
    empty = np.flatnonzero(~cells)
    # A few cells have only seven neighbours; the eighth is then -1, with a warning.
    with np.errstate(invalid="ignore"):
        neighbours = astropy_healpix.neighbours(empty, nside, order="nested")
    filled = (cells[neighbours] | (neighbours < 0)).sum(axis=0)
    holes = empty[filled >= 7]
    if len(holes) > MOST_HOLES * n_cells:
        return None
    cells[holes] = True
    return cells
