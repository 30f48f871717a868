"""The noise of a map of all mass, measured on the map itself.

Second differences along both axes leave nothing of what is smooth over three pixels,
and leave white noise, six times as large (Immerkaer 1996, Computer Vision and Image
Understanding 64, 300, doi:10.1006/cviu.1996.0060).  Their median size is that of the
noise, whatever a few satellites add.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from amphitrite.surveys.darkcnn.page import CHANNELS, TOTAL
from amphitrite.surveys.darkcnn.prepare.missing import RADII

OUTSIDE_KPC: Final = 600.0
"""Radius beyond which noise is measured: the core and its galaxies lie within."""

_TOTAL: Final = CHANNELS.index(TOTAL)
_GAIN: Final = (
    6.0  # of the second differences (1 -2 1) along both axes, for white noise
)
_TO_SIGMA: Final = 1.4826  # from the median size of Gaussian noise
_LEAST: Final = 500  # pixels, of which the median is good to 5 %


def pixel_noise(maps: NDArray[np.floating]) -> float:
    """Return the standard deviation of white noise in the map of all mass.

    Parameters
    ----------
    maps : (100, 100, 3) ndarray
        In (y, x, channel) order; see
        `amphitrite.surveys.darkcnn.prepare.tensors.Prepared`.

    Returns
    -------
    float
        In the unit of the map, of one pixel.  Too small where the noise of neighbouring
        pixels is alike: in maps that were smoothed, or resampled from larger pixels.

    Notes
    -----
    Pixels that were missing have the mean of their ring, and thus no noise.  Known by
    their equal values, they are left out as long as enough others are there.
    """
    values = np.asarray(maps[..., _TOTAL], np.float64)
    differences = np.diff(np.diff(values, 2, axis=0), 2, axis=1)
    beyond = _inner(RADII) > OUTSIDE_KPC
    good = beyond & ~_touches(_repeated(values))
    used = good if good.sum() >= _LEAST else beyond
    return float(_TO_SIGMA / _GAIN * np.median(np.abs(differences[used])))


def _repeated(values: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return which pixels have a value that another pixel has, too."""
    _, place, n = np.unique(values, return_inverse=True, return_counts=True)
    return np.asarray((n > 1)[place].reshape(values.shape))


def _touches(pixels: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return at which inner pixels any of the 3 x 3 pixels around is one of some."""
    rows = pixels[:-2] | pixels[1:-1] | pixels[2:]
    return np.asarray(rows[:, :-2] | rows[:, 1:-1] | rows[:, 2:])


def _inner(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return values[1:-1, 1:-1]
