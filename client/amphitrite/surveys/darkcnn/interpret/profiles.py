"""Azimuthal means of the map of all mass, for the regression and for pictures."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from amphitrite.surveys.darkcnn.page import CHANNELS, TOTAL
from amphitrite.surveys.darkcnn.prepare.missing import RADII

EDGES_KPC: Final = (0, 20, 40, 60, 80, 110, 150, 200, 280, 400, 560, 800, 1000)
"""Radii between the rings, in kpc."""
N_RINGS: Final = len(EDGES_KPC) - 1
MIDDLES_KPC: Final = (np.array(EDGES_KPC[:-1]) + np.array(EDGES_KPC[1:])) / 2
"""(12,) radii in the middle of the rings, in kpc."""

_TOTAL: Final = CHANNELS.index(TOTAL)
_INSIDE: Final = RADII < EDGES_KPC[-1]
_RING: Final = np.searchsorted(EDGES_KPC, RADII[_INSIDE], side="right") - 1
_PIXELS: Final = np.bincount(_RING, minlength=N_RINGS)


def profile(maps: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return the azimuthal means of the map of all mass.

    Parameters
    ----------
    maps : (100, 100, 3) ndarray
        In (y, x, channel) order; see
        `amphitrite.surveys.darkcnn.prepare.tensors.Prepared`.

    Returns
    -------
    (12,) ndarray of float64
        Means in the rings between `EDGES_KPC`, in the unit of the map; below 0 where
        noise is.
    """
    values = maps[..., _TOTAL][_INSIDE]
    return np.asarray(np.bincount(_RING, values, minlength=N_RINGS) / _PIXELS)
