"""The geometry of a patch, a square of 10 x 10 deg on the sky.

The sky is rotated so that the patch's centre is at longitude and latitude zero; in that
frame, longitude and latitude are the patch's coordinates x and y (a plate-carree
projection).  x increases with Galactic longitude and y with latitude.  Images are
stored as (y, x), with the first row at the smallest y and, as the sky is seen, the
first column at the largest x.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from amphitrite.surveys.asid.page import HALF, PATCH_DEGREES

Vectors = NDArray[np.floating]


def unit_vectors(
    lon: NDArray[np.floating], lat: NDArray[np.floating]
) -> NDArray[np.float64]:
    """Return directions as vectors of unit length.

    Parameters
    ----------
    lon, lat : (...) ndarray
        Longitude and latitude in deg.

    Returns
    -------
    (..., 3) ndarray of float64
        Components along (lon, lat) = (0, 0), (90, 0) and the pole; NaN where an angle
        is NaN.
    """
    lon, lat = np.radians(lon), np.radians(lat)
    cos = np.cos(lat)
    return np.stack([cos * np.cos(lon), cos * np.sin(lon), np.sin(lat)], axis=-1)


def angles(vectors: Vectors) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return longitude and latitude of directions in deg.

    Parameters
    ----------
    vectors : (..., 3) ndarray
        Vectors of any length.

    Returns
    -------
    lon, lat : (...) ndarray of float64
        deg, from 0 to 360 and from -90 to 90; NaN where a component is NaN.
    """
    x, y, z = np.moveaxis(np.asarray(vectors, np.float64), -1, 0)
    return np.degrees(np.arctan2(y, x)) % 360.0, np.degrees(
        np.arctan2(z, np.hypot(x, y))
    )


@dataclass(frozen=True)
class Patch:
    """A square of 10 x 10 deg on the sky.

    Parameters
    ----------
    lon, lat : float
        Galactic coordinates of the centre in deg.
    """

    lon: float
    lat: float

    @property
    def rotation(self) -> NDArray[np.float64]:
        """The (3, 3) matrix that turns Galactic vectors into the patch's frame."""
        lon, lat = np.radians([self.lon, self.lat])
        cl, sl, cb, sb = np.cos(lon), np.sin(lon), np.cos(lat), np.sin(lat)
        return np.array(
            [[cb * cl, cb * sl, sb], [-sl, cl, 0.0], [-sb * cl, -sb * sl, cb]]
        )

    def offsets(self, vectors: Vectors) -> tuple[Vectors, Vectors]:
        """Return the coordinates of directions in the patch's frame.

        Parameters
        ----------
        vectors : (..., 3) ndarray
            Galactic unit vectors; the result has their precision.

        Returns
        -------
        x, y : (...) ndarray
            deg, from -180 to 180 and from -90 to 90; both are from -5 to 5 inside the
            patch.
        """
        # Not a matrix product, whose threads (BLAS) keep the processor busy until the
        # next patch; for a million photons that costs more than the product itself.
        a, b, c = np.moveaxis(vectors, -1, 0)
        forward, left, up = (
            a * row[0] + b * row[1] + c * row[2]
            for row in self.rotation.astype(vectors.dtype)
        )
        x = np.degrees(np.arctan2(left, forward))
        y = np.degrees(np.arcsin(np.clip(up, -1, 1)))
        return x, y

    def vectors(
        self, x: NDArray[np.floating], y: NDArray[np.floating]
    ) -> NDArray[np.float64]:
        """Return the Galactic unit vectors of coordinates in the patch's frame.

        Parameters
        ----------
        x, y : (...) ndarray
            Coordinates in deg.

        Returns
        -------
        (..., 3) ndarray of float64
        """
        return unit_vectors(np.asarray(x), np.asarray(y)) @ self.rotation


def depth(x: Vectors, y: Vectors) -> Vectors:
    """Return the distance from the nearest edge of a patch in deg; negative outside.

    Parameters
    ----------
    x, y : (...) ndarray
        Coordinates in the patch's frame in deg.
    """
    depths: Vectors = HALF - np.maximum(np.abs(x), np.abs(y))
    return depths


def to_pixels(x: Vectors, y: Vectors, *, pixels: int) -> tuple[Vectors, Vectors]:
    """Return row and column of coordinates on the pixel grid of a patch.

    Parameters
    ----------
    x, y : (...) ndarray
        Coordinates in the patch's frame in deg.
    pixels : int
        Pixels on a side.

    Returns
    -------
    row, column : (...) ndarray
        Whole numbers, counted from 0, at the centres of pixels.
    """
    scale = pixels / PATCH_DEGREES
    return (y + HALF) * scale - 0.5, (HALF - x) * scale - 0.5


def from_pixels(
    row: Vectors, column: Vectors, *, pixels: int
) -> tuple[Vectors, Vectors]:
    """Return the coordinates x and y in deg of rows and columns; see `to_pixels`."""
    scale = PATCH_DEGREES / pixels
    return HALF - (column + 0.5) * scale, (row + 0.5) * scale - HALF
