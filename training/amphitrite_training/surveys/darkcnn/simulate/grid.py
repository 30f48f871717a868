"""The grid of the maps, and the radii at which profiles are tabulated."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from amphitrite.surveys.darkcnn.page import PIXEL_KPC, PIXELS

HALF_DEPTH_KPC: Final = 5000.0
"""Half of the 10 Mpc along the line of sight over which the original projects."""

RADII_KPC: Final[NDArray[np.float64]] = np.geomspace(0.8, 6000.0, 200)
"""Radii of every tabulated profile, evenly spaced in their logarithm."""
LOG_RADII: Final[NDArray[np.float64]] = np.log(RADII_KPC)


def offsets_kpc() -> NDArray[np.float64]:
    """Return the positions of the pixels' centres along either axis.

    Returns
    -------
    (`PIXELS`,) ndarray of float64
        In kpc from the centre of the map, which is the corner of four pixels.
    """
    return (np.arange(PIXELS) + 0.5 - PIXELS / 2) * PIXEL_KPC
