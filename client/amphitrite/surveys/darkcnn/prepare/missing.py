"""Pixels that are missing: how many may be, and what is put in their place."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from amphitrite.errors import BadInput
from amphitrite.surveys.darkcnn.page import PIXEL_KPC, PIXELS
from amphitrite.surveys.darkcnn.prepare.cluster import Map

MOST_MISSING: Final = 0.25
"""Largest share of a map that may be missing: a field of 1.73 Mpc just passes."""
CORE_KPC: Final = 200.0
"""Radius of the core, within which the cross-section shows."""
MOST_MISSING_CORE: Final = 0.05
"""Largest share of the core that may be missing."""

_OFFSETS: Final = (np.arange(PIXELS) - (PIXELS - 1) / 2) * PIXEL_KPC
RADII: Final[NDArray[np.float64]] = np.hypot(_OFFSETS[:, None], _OFFSETS)
"""(100, 100) distances of the pixels from the middle in kpc."""
_RINGS: Final = (RADII / PIXEL_KPC).astype(np.int64)


def filled(values: Map, what: str) -> tuple[NDArray[np.float64], float]:
    """Return a map without gaps, and the share of it that was missing.

    What is missing becomes the mean of the ring 20 kpc wide in which it lies, so that
    a masked star or the edge of a field is no structure; 0 where the ring is empty.

    Parameters
    ----------
    values : (100, 100) ndarray of float64
        A map on the network's grid; NaN where it is missing.
    what : str
        The channel and the cluster, for messages.

    Raises
    ------
    BadInput
        More than `MOST_MISSING` of the map, or than `MOST_MISSING_CORE` of its core, is
        missing.
    """
    gaps = ~np.isfinite(values)
    share = float(gaps.mean())
    core = float(gaps[RADII < CORE_KPC].mean())
    if share == 1:
        raise BadInput(
            f"{what} holds no number within 1 Mpc of the centre; leave it out"
        )
    if share > MOST_MISSING or core > MOST_MISSING_CORE:
        raise BadInput(
            f"{share:.0%} of {what} is missing on 2 x 2 Mpc around the centre, and "
            f"{core:.0%} within {CORE_KPC:g} kpc; at most {MOST_MISSING:.0%} and "
            f"{MOST_MISSING_CORE:.0%} may be. Give a larger field, or another --centre"
        )
    if not share:
        return values, share
    sums = np.bincount(_RINGS.ravel(), np.where(gaps, 0.0, values).ravel())
    n = np.bincount(_RINGS.ravel(), (~gaps).ravel())
    means = np.divide(sums, n, out=np.zeros_like(sums), where=n > 0)
    return np.where(gaps, means[_RINGS], values), share
