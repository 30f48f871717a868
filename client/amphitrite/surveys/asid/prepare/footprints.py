"""Footprints: the regions of the sky that inputs cover.

A footprint is the whole sky, a circle, the pixels of an image or the cells of a HEALPix
map; its methods take Galactic directions.  Outside the footprint nothing is searched,
and a source near its edge has lost photons.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import astropy_healpix
import numpy as np
from astropy.coordinates import Galactic, SkyCoord
from astropy.io import fits
from astropy.wcs import WCS
from astropy.wcs.utils import wcs_to_celestial_frame
from numpy.typing import NDArray

from amphitrite.errors import BadInput
from amphitrite.files.wcs import celestial_wcs
from amphitrite.surveys.asid.prepare.patches import angles, unit_vectors
from amphitrite.surveys.asid.prepare.photons import Footprint

RING_STEP_DEGREES: Final = 0.15
RING_POINTS: Final = 32

# Cylindrical projections, in which the sky repeats in x after 360 deg of longitude.
_CYLINDRICAL: Final = ("CAR", "CEA", "CYP", "MER")


@dataclass(frozen=True)
class WholeSky:
    """The footprint of all directions."""

    def contains(self, vectors: NDArray[np.floating]) -> NDArray[np.bool_]:
        """Return True for all (..., 3) Galactic unit vectors."""
        return np.ones(np.shape(vectors)[:-1], dtype=bool)


@dataclass(frozen=True)
class Circle:
    """The footprint of the directions within a radius of a centre.

    Parameters
    ----------
    lon, lat : float
        Galactic coordinates of the centre in deg.
    radius : float
        Radius in deg; 180 is the whole sky.
    """

    lon: float
    lat: float
    radius: float

    def contains(self, vectors: NDArray[np.floating]) -> NDArray[np.bool_]:
        """Return whether (..., 3) Galactic unit vectors are within the radius."""
        centre = unit_vectors(np.array(self.lon), np.array(self.lat))
        # The chord keeps its precision at small angles, unlike the cosine.
        chord = np.linalg.norm(np.asarray(vectors, np.float64) - centre, axis=-1)
        limit = 2 * np.sin(np.radians(min(self.radius, 180.0)) / 2)
        inside: NDArray[np.bool_] = chord <= limit * (1 + 1e-6) + 1e-6
        return inside


@dataclass(frozen=True)
class Overlap:
    """The intersection of footprints.

    Parameters
    ----------
    parts : tuple of Footprint
        One or more footprints.
    """

    parts: tuple[Footprint, ...]

    def contains(self, vectors: NDArray[np.floating]) -> NDArray[np.bool_]:
        """Return whether (..., 3) Galactic unit vectors are in all footprints."""
        first, *others = (part.contains(vectors) for part in self.parts)
        for other in others:
            first = first & other
        return first


@dataclass(frozen=True, eq=False)
class WcsFootprint:
    """The footprint of an image: its pixels that cover the sky.

    Parameters
    ----------
    wcs : astropy.wcs.WCS
        The image's two celestial axes, in any frame and projection.
    pixels : (ny, nx) ndarray of bool
        Whether each pixel covers the sky.
    """

    wcs: WCS
    pixels: NDArray[np.bool_]

    def contains(self, vectors: NDArray[np.floating]) -> NDArray[np.bool_]:
        """Return whether (..., 3) Galactic unit vectors are in a covered pixel."""
        index = self.index(vectors)
        return (index >= 0) & self.pixels.ravel()[index]

    def index(self, vectors: NDArray[np.floating]) -> NDArray[np.int64]:
        """Return the pixels that contain directions.

        Parameters
        ----------
        vectors : (..., 3) ndarray
            Galactic unit vectors.

        Returns
        -------
        (...) ndarray of int64
            Indices into the flattened (ny, nx) image; -1 outside it.
        """
        shape = np.shape(vectors)[:-1]
        flat = np.asarray(vectors, np.float64).reshape(-1, 3)
        lon, lat = angles(flat @ self._rotation)
        x, y = self.wcs.wcs_world2pix(lon, lat, 0)
        x, y = np.asarray(x) + 0.5, np.asarray(y) + 0.5
        if self._period is not None:
            x = x % self._period
        ny, nx = self.pixels.shape
        # NaN, for directions outside the projection, compares as outside.
        within = (x >= 0) & (x < nx) & (y >= 0) & (y < ny)
        index = np.full(len(flat), -1)
        index[within] = y[within].astype(int) * nx + x[within].astype(int)
        return index.reshape(shape)

    @cached_property
    def _rotation(self) -> NDArray[np.float64]:
        """The (3, 3) matrix from vectors of the image's frame to Galactic ones."""
        return to_galactic(wcs_to_celestial_frame(self.wcs))

    @cached_property
    def _period(self) -> float | None:
        """Number of columns after which the sky repeats; None if it does not."""
        matrix = self.wcs.pixel_scale_matrix
        straight = matrix[0, 1] == 0 and matrix[1, 0] == 0 and self.wcs.wcs.lng == 0
        if straight and str(self.wcs.wcs.ctype[0])[-3:] in _CYLINDRICAL:
            return float(abs(360 / matrix[0, 0]))
        return None


@dataclass(frozen=True, eq=False)
class HealpixFootprint:
    """The footprint of a HEALPix map: its cells that cover the sky.

    Parameters
    ----------
    nside : int
        Resolution of the map.
    order : {"ring", "nested"}
        Numbering of its cells.
    cells : (12 nside^2,) ndarray of bool
        Whether each cell covers the sky.
    rotation : (3, 3) ndarray
        Turns vectors of the map's frame into Galactic ones: ``rotation @ v``.
    """

    nside: int
    order: str
    cells: NDArray[np.bool_]
    rotation: NDArray[np.float64]

    def contains(self, vectors: NDArray[np.floating]) -> NDArray[np.bool_]:
        """Return whether (..., 3) Galactic unit vectors are in a covered cell."""
        return np.asarray(self.cells[self.index(vectors)], dtype=bool)

    def index(self, vectors: NDArray[np.floating]) -> NDArray[np.int64]:
        """Return the cells that contain (..., 3) Galactic unit vectors, int64."""
        turned = np.asarray(vectors, np.float64) @ self.rotation
        index = astropy_healpix.xyz_to_healpix(
            *np.moveaxis(turned, -1, 0), self.nside, order=self.order
        )
        return np.asarray(index, np.int64)


def to_galactic(frame: Any) -> NDArray[np.float64]:
    """Return the rotation from a celestial frame to Galactic coordinates.

    Parameters
    ----------
    frame : astropy.coordinates.BaseCoordinateFrame
        A frame without data, such as ``ICRS()``.

    Returns
    -------
    (3, 3) ndarray of float64
        ``to_galactic(frame) @ v`` turns a vector of the frame into a Galactic one.
    """
    axes = SkyCoord([0, 90, 0], [0, 0, 90], unit="deg", frame=frame)
    turned = axes.transform_to(Galactic())
    return unit_vectors(turned.l.deg, turned.b.deg).T


def sky_wcs(path: Path, header: fits.Header) -> tuple[WCS, NDArray[np.float64]]:
    """Return the celestial WCS of an image, and its rotation to Galactic coordinates.

    Parameters
    ----------
    path : Path
        The file, for messages.
    header : astropy.io.fits.Header
        The image's header; the first axis has to be of longitude, the second of
        latitude.

    Returns
    -------
    wcs : astropy.wcs.WCS
        The coordinates of the first two axes.
    rotation : (3, 3) ndarray of float64
        Turns vectors of their frame into Galactic ones, see `to_galactic`.

    Raises
    ------
    BadInput
        There are no celestial coordinates, they are in another order, or in an unknown
        frame.
    """
    try:
        wcs = celestial_wcs(header)
        x, y = header.get("CTYPE1"), header.get("CTYPE2")
    except fits.VerifyError as error:
        raise BadInput(
            f"the header of {path} cannot be read: {error}\nCorrect it, for example "
            "with fitsverify's help."
        ) from error
    received = f"received CTYPE1 = {x!r}, CTYPE2 = {y!r}"
    if wcs is None or (wcs.wcs.lng, wcs.wcs.lat) != (0, 1):
        raise BadInput(
            f"{path} has no celestial coordinates, longitude and then latitude, on its "
            f"first two axes: {received}.\nWrite its WCS keywords; if the axes are "
            "swapped, transpose its planes."
        )
    try:
        return wcs, to_galactic(wcs_to_celestial_frame(wcs))
    except (TypeError, ValueError) as error:
        raise BadInput(
            f"{path} is in coordinates that are not known: {received} ({error}).\n"
            "Give it in Galactic or equatorial coordinates."
        ) from error


def near_edge(
    footprint: Footprint, vectors: NDArray[np.floating], *, degrees: float = 0.6
) -> NDArray[np.bool_]:
    """Return whether directions are close to the edge of a footprint, or outside it.

    Parameters
    ----------
    footprint : Footprint
        The footprint.
    vectors : (n, 3) ndarray
        Galactic unit vectors.
    degrees : float
        Largest distance from the edge in deg; much smaller than a radian.

    Returns
    -------
    (n,) ndarray of bool
        True also for directions outside the footprint.

    Notes
    -----
    Directions around each given one are tested, on rings of 32 which are at most
    0.15 deg apart.  A straight edge is missed only within 0.5 % of the distance
    (0.003 deg at 0.6), and a hole only if it is smaller than the steps between the
    tested directions (0.15 deg).
    """
    vectors = np.asarray(vectors, np.float64)
    near = ~footprint.contains(vectors)
    if not len(vectors):
        return near
    # Two tangents of the sphere, the first perpendicular to the axis that is least
    # aligned with the vector.
    axis = np.eye(3)[np.argmin(np.abs(vectors), axis=-1)]
    east = np.cross(axis, vectors)
    east /= np.linalg.norm(east, axis=-1, keepdims=True)
    north = np.cross(vectors, east)
    turns = np.linspace(0, 2 * np.pi, RING_POINTS, endpoint=False)
    n_rings = max(1, int(np.ceil(degrees / RING_STEP_DEGREES)))
    for radius in np.radians(np.linspace(0, degrees, n_rings + 1)[1:]):
        for turn in turns:
            away = np.cos(turn) * east + np.sin(turn) * north
            near |= ~footprint.contains(
                np.cos(radius) * vectors + np.sin(radius) * away
            )
    return near
