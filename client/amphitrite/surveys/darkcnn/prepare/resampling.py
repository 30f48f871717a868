"""Maps of any pixel brought to the network's pixels, with their mass conserved."""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_array

from amphitrite.surveys.darkcnn.page import PIXEL_KPC, PIXELS
from amphitrite.surveys.darkcnn.prepare.cluster import Map

_LEAST_COVERED = 0.5  # of a pixel's area


def resampled(
    values: Map, pixel_kpc: tuple[float, float], centre: tuple[float, float]
) -> Map:
    """Return a surface density on the network's grid.

    Each new pixel is the mean of the old ones, weighted by the area that they share
    with it.  A surface density stays one, and the mass of what is covered is conserved.

    Parameters
    ----------
    values : (ny, nx) ndarray of float64
        A surface density, or anything per area; NaN where it is missing.
    pixel_kpc : (float, float)
        Height and width of a pixel in kpc.
    centre : (float, float)
        x and y in pixels, counted from 0 at the centre of the first one, of the point
        that becomes the middle of the grid, between its four middle pixels.

    Returns
    -------
    (100, 100) ndarray of float64
        In (y, x) order, 20 kpc a pixel.  NaN where less than half of a pixel is covered
        by what is there.
    """
    (y, rows), (x, columns) = (
        shares(length, size, middle)
        for length, size, middle in zip(
            values.shape, pixel_kpc, reversed(centre), strict=True
        )
    )
    part = values[y, x]
    there = np.isfinite(part)
    covered = rows @ there.astype(np.float64) @ columns.T
    mass = rows @ np.where(there, part, 0.0) @ columns.T
    density: Map = np.full_like(mass, np.nan)
    enough = covered >= _LEAST_COVERED * PIXEL_KPC**2 * (1 - 1e-9)
    np.divide(mass, covered, out=density, where=enough)
    return density


def shares(length: int, size: float, middle: float) -> tuple[slice, csr_array]:
    """Return the length that each new pixel shares with each old one along one axis.

    Parameters
    ----------
    length : int
        Number of old pixels.
    size : float
        Their length in kpc.
    middle : float
        The place in old pixels that becomes the middle of the new ones.

    Returns
    -------
    near : slice
        The old pixels that share anything with a new one.
    shared : (100, n_near) sparse array of float64
        Lengths in kpc.  Most are 0; without them, products need no threads.
    """
    new = (np.arange(PIXELS + 1) - PIXELS / 2) * PIXEL_KPC
    first = int(np.clip(np.floor(middle + 0.5 + new[0] / size), 0, length))
    last = int(np.clip(np.ceil(middle + 0.5 + new[-1] / size), first, length))
    old = (np.arange(first, last + 1) - 0.5 - middle) * size
    low = np.maximum(new[:-1, None], old[None, :-1])
    high = np.minimum(new[1:, None], old[None, 1:])
    return slice(first, last), csr_array(np.maximum(high - low, 0.0))
