"""Bodies drawn onto a map: what a pixel holds is a mean over its area."""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from amphitrite.surveys.darkcnn.page import PIXEL_KPC, PIXELS
from amphitrite_training.surveys.darkcnn.simulate.grid import LOG_RADII
from amphitrite_training.surveys.darkcnn.simulate.shapes import KNOTS_KPC, N_KNOTS

_KNOT_SPACING: Final = math.log1p(KNOTS_KPC[1])
_FIRST: Final = float(LOG_RADII[0])
_SPACING: Final = float(LOG_RADII[1] - LOG_RADII[0])


def empty() -> NDArray[np.float64]:
    """Return a map of zeros."""
    return np.zeros((PIXELS, PIXELS))


def add_body(
    image: NDArray[np.float64],
    column: NDArray[np.float64],
    seen: NDArray[np.float64],
    centre: tuple[float, float],
    softening_kpc: float,
) -> None:
    """Add an ellipsoidal body to a map.

    Parameters
    ----------
    image : (ny, nx) ndarray of float64
        The map, changed in place.
    column : (n_radii,) ndarray of float64
        Column density of the spherical profile at `grid.RADII_KPC`; positive.
    seen : (4, n_knots) ndarray of float64
        The ellipses of `shapes.ellipses`.
    centre : tuple of float
        Its x and y in kpc from the centre of the map.
    softening_kpc : float
        Added to the projected radius in quadrature.
    """
    _add_body(image, np.log(column), seen, centre[0], centre[1], softening_kpc)


def add_clump(
    image: NDArray[np.float64],
    total: float,
    scale_kpc: float,
    centre: tuple[float, float],
    reach_kpc: float,
) -> None:
    """Add a small round body, whose column density is (1 + R2 / scale2) to the -3/2.

    Parameters
    ----------
    image : (ny, nx) ndarray of float64
        The map, changed in place.
    total : float
        The integral of its column density over the plane; per kpc2 in the map.
    scale_kpc : float
        The radius that contains 29 % of it.
    centre : tuple of float
        Its x and y in kpc from the centre of the map.
    reach_kpc : float
        Half side of the square beyond which it is cut off.
    """
    _add_clump(image, total, scale_kpc, centre[0], centre[1], reach_kpc)


@njit(cache=True)
def _add_body(image, log_column, seen, x0, y0, softening):
    for row in range(PIXELS):
        for pixel in range(PIXELS):
            x_middle = (pixel + 0.5 - 0.5 * PIXELS) * PIXEL_KPC - x0
            y_middle = (row + 0.5 - 0.5 * PIXELS) * PIXEL_KPC - y0
            distance = math.hypot(x_middle, y_middle) / PIXEL_KPC
            n = 8 if distance < 2.5 else (3 if distance < 12 else 1)
            total = 0.0
            for a in range(n):
                y = y_middle + ((a + 0.5) / n - 0.5) * PIXEL_KPC
                for b in range(n):
                    x = x_middle + ((b + 0.5) / n - 0.5) * PIXEL_KPC
                    place = math.log1p(math.sqrt(x * x + y * y)) / _KNOT_SPACING
                    j = min(int(place), N_KNOTS - 2)
                    w = min(place - j, 1.0)
                    xx = seen[0, j] + w * (seen[0, j + 1] - seen[0, j])
                    xy = seen[1, j] + w * (seen[1, j + 1] - seen[1, j])
                    yy = seen[2, j] + w * (seen[2, j + 1] - seen[2, j])
                    factor = seen[3, j] + w * (seen[3, j + 1] - seen[3, j])
                    squared = xx * x * x + 2 * xy * x * y + yy * y * y
                    squared += softening * softening
                    place = (0.5 * math.log(squared) - _FIRST) / _SPACING
                    i = min(max(int(place), 0), len(log_column) - 2)
                    rise = log_column[i + 1] - log_column[i]
                    total += factor * math.exp(log_column[i] + (place - i) * rise)
            image[row, pixel] += total / (n * n)


@njit(cache=True)
def _edge(place):
    # the pixel of a position in kpc, kept on the map
    return min(max(math.floor(place / PIXEL_KPC + 0.5 * PIXELS), 0), PIXELS)


@njit(cache=True)
def _add_clump(image, total, scale, x0, y0, reach):
    unit = total / (2 * math.pi * scale * scale)
    for row in range(_edge(y0 - reach), min(_edge(y0 + reach) + 1, PIXELS)):
        y_middle = (row + 0.5 - 0.5 * PIXELS) * PIXEL_KPC - y0
        for pixel in range(_edge(x0 - reach), min(_edge(x0 + reach) + 1, PIXELS)):
            x_middle = (pixel + 0.5 - 0.5 * PIXELS) * PIXEL_KPC - x0
            near = x_middle**2 + y_middle**2 < 4 * PIXEL_KPC**2
            n = 5 if near else 1
            value = 0.0
            for a in range(n):
                y = y_middle + ((a + 0.5) / n - 0.5) * PIXEL_KPC
                for b in range(n):
                    x = x_middle + ((b + 0.5) / n - 0.5) * PIXEL_KPC
                    squared = 1 + (x * x + y * y) / (scale * scale)
                    value += 1 / (squared * math.sqrt(squared))
            image[row, pixel] += unit * value / (n * n)
