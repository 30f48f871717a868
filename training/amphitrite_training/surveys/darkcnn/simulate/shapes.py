"""Triaxial bodies, and the ellipses as which they are seen.

A spherical profile is stretched along three axes at constant volume: its argument
becomes the square root of x'Dx, with det D = 1.  Integrated along z, the stretched
profile is the spherical one's column density at the square root of x'Ex over sqrt(Dzz),
where E is the Schur complement of Dzz in D; so a body whose long axis points at us is
denser in projection.  The projection is exact where the shape is the same everywhere,
and an approximation where it changes with radius.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from amphitrite_training.surveys.darkcnn.simulate.grid import (
    HALF_DEPTH_KPC,
    LOG_RADII,
    RADII_KPC,
)

N_KNOTS: Final = 24
KNOTS_KPC: Final[NDArray[np.float64]] = np.expm1(
    np.linspace(math.log(1.0), math.log(2001.0), N_KNOTS)
)
"""Projected radii at which a shape is given; between them it is interpolated."""
_DEPTHS: Final = 300


@dataclass(frozen=True)
class Ellipsoid:
    """The shape of a triaxial body.

    Parameters
    ----------
    middle, short : float
        Its other axes over the longest.
    rotation : (3, 3) ndarray of float64
        The directions of the long, middle and short axis as columns; z is towards us.
    """

    middle: float
    short: float
    rotation: NDArray[np.float64]


def ellipses(
    body: Ellipsoid, roundness: NDArray[np.float64] | float
) -> NDArray[np.float64]:
    """Return the ellipses as which a body is seen.

    Parameters
    ----------
    body : Ellipsoid
        The shape where it is not rounded.
    roundness : (`N_KNOTS`,) ndarray of float64, or float
        By how much the axis ratios come nearer to 1 at `KNOTS_KPC`: 0 not at all, 1 is
        a sphere.

    Returns
    -------
    (4, `N_KNOTS`) ndarray of float64
        Exx, Exy and Eyy of the quadratic form, and the factor of the column density.
    """
    rounded = np.broadcast_to(np.asarray(roundness, float), (N_KNOTS,))
    middle = body.middle + (1 - body.middle) * rounded
    short = body.short + (1 - body.short) * rounded
    stretch = np.stack([np.ones(N_KNOTS), middle**-2, short**-2])
    stretch *= (middle * short) ** (2 / 3)
    d = np.einsum("ia,ak,ja->kij", body.rotation, stretch, body.rotation)
    plane = d[:, :2, :2] - d[:, :2, 2:] * d[:, 2:, :2] / d[:, 2:, 2:]
    return np.stack(
        [plane[:, 0, 0], plane[:, 0, 1], plane[:, 1, 1], d[:, 2, 2] ** -0.5]
    )


def axis_ratio(seen: NDArray[np.float64], knot: int) -> float:
    """Return the short over the long axis of an ellipse of `ellipses`."""
    xx, xy, yy, _ = seen[:, knot]
    low, high = np.linalg.eigvalsh([[xx, xy], [xy, yy]])
    return math.sqrt(low / high)


def column_density(density: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the column density of a spherical profile along `HALF_DEPTH_KPC` each way.

    Parameters
    ----------
    density : (n_radii,) ndarray of float64
        At `RADII_KPC`, per kpc3.

    Returns
    -------
    (n_radii,) ndarray of float64
        Per kpc2, at the projected radii `RADII_KPC`.
    """
    return _COLUMNS @ density


def _columns() -> NDArray[np.float64]:
    """Return the matrix that integrates a tabulated density along lines of sight.

    The depths are evenly spaced in arcsinh(depth / radius), which resolves a cusp, and
    the density is interpolated linearly in the logarithm of the radius.
    """
    rows = np.arange(RADII_KPC.size)[:, None]
    step = np.arcsinh(HALF_DEPTH_KPC / RADII_KPC[:, None]) / _DEPTHS
    radii = RADII_KPC[:, None] * np.cosh((np.arange(_DEPTHS) + 0.5) * step)
    place = (np.log(radii) - LOG_RADII[0]) / (LOG_RADII[1] - LOG_RADII[0])
    left = np.clip(place.astype(int), 0, RADII_KPC.size - 2)
    # beyond the last radius the density is taken to be that of the last
    share = np.clip(place - left, 0, 1)
    matrix = np.zeros((RADII_KPC.size, RADII_KPC.size))
    np.add.at(matrix, (rows, left), 2 * radii * step * (1 - share))
    np.add.at(matrix, (rows, left + 1), 2 * radii * step * share)
    return matrix


_COLUMNS: Final = _columns()
