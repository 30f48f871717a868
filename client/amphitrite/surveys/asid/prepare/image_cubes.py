"""Counts cubes of images: two celestial axes and one of energy (``gtbin`` CCUBE)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NoReturn

import numpy as np
from astropy.io import fits
from astropy.wcs import WCS
from astropy.wcs.utils import proj_plane_pixel_scales
from numpy.typing import NDArray

from amphitrite.errors import BadInput
from amphitrite.surveys.asid.prepare.channels import read_channels
from amphitrite.surveys.asid.prepare.footprints import WcsFootprint, sky_wcs
from amphitrite.surveys.asid.prepare.patches import unit_vectors
from amphitrite.surveys.asid.prepare.photons import Photons
from amphitrite.surveys.asid.prepare.scatter import check_plane, check_unit, photons_of

# Attempts to find a position on the sky inside a pixel: a pixel at the edge of an
# all-sky projection may lie almost entirely off the sky.
_MOST_DRAWS: Final = 1000
_FEW_DRAWS: Final = 20
"""Draws after which it is seen whether the pixels left have any sky at all."""


@dataclass(frozen=True)
class ImageGrid:
    """The pixels of an image and their positions on the sky.

    Parameters
    ----------
    wcs : astropy.wcs.WCS
        The image's two celestial axes.
    rotation : (3, 3) ndarray
        Turns vectors of their frame into Galactic ones: ``rotation @ v``.
    nx : int
        Number of pixels in a row.
    path : Path
        The file, for messages.
    """

    wcs: WCS
    rotation: NDArray[np.float64]
    nx: int
    path: Path

    def place(
        self, pixels: NDArray[np.int64], random: np.random.Generator
    ) -> NDArray[np.float64]:
        """Return random directions inside pixels, uniform in pixel coordinates.

        Parameters
        ----------
        pixels : (n,) ndarray of int64
            Index of each photon's pixel in the flattened (ny, nx) image.
        random : numpy.random.Generator
            Source of the positions.  A position off the sky, at the edge of a
            projection, is drawn again.

        Returns
        -------
        (n, 3) ndarray of float64
            Galactic unit vectors.

        Raises
        ------
        BadInput
            A pixel with counts is off the sky.
        """
        lon, lat = np.full((2, len(pixels)), np.nan)
        todo = np.arange(len(pixels))
        for draw in range(_MOST_DRAWS):
            if draw == _FEW_DRAWS:
                self._check_on_sky(np.unique(pixels[todo]))
            lon[todo], lat[todo] = self._draw(pixels[todo], random)
            todo = todo[~_is_on_sky(lon[todo], lat[todo])]
            if not len(todo):
                placed: NDArray[np.float64] = unit_vectors(lon, lat) @ self.rotation.T
                return placed
        self._refuse(pixels[todo[0]])

    def _draw(
        self, pixels: NDArray[np.int64], random: np.random.Generator
    ) -> Sequence[NDArray[np.float64]]:
        """Return longitudes and latitudes in deg inside pixels, NaN off the sky."""
        y, x = np.divmod(pixels, self.nx)
        dx, dy = random.uniform(-0.5, 0.5, size=(2, len(pixels)))
        found: Sequence[NDArray[np.float64]] = self.wcs.wcs_pix2world(x + dx, y + dy, 0)
        return found

    def _check_on_sky(self, pixels: NDArray[np.int64]) -> None:
        """Refuse pixels without any sky, of which few may have very many photons."""
        random = np.random.default_rng(0)
        for _ in range(_MOST_DRAWS):
            pixels = pixels[~_is_on_sky(*self._draw(pixels, random))]
            if not len(pixels):
                return
        self._refuse(pixels[0])

    def _refuse(self, pixel: int) -> NoReturn:
        y, x = divmod(int(pixel), self.nx)
        raise BadInput(
            f"{self.path} has counts in pixels off the sky: received pixel x = {x}, "
            f"y = {y} (counted from 0), to which its projection gives no coordinates."
            "\nCheck the header's WCS keywords."
        )


def _is_on_sky(lon: NDArray[np.float64], lat: NDArray[np.float64]) -> NDArray[np.bool_]:
    return np.isfinite(lon) & (np.abs(lat) <= 90)


def read(path: Path, hdus: fits.HDUList, image: Any, *, seed: int) -> Photons:
    """Return the photons of a counts cube.

    Parameters
    ----------
    path : Path
        The file.
    hdus : astropy.io.fits.HDUList
        The open file.
    image : image HDU
        The HDU with the cube, (n_channels, ny, nx); NaN, in all channels, where there
        is no sky.
    seed : int
        Seed of the random positions inside the pixels.

    Raises
    ------
    BadInput
        The cube does not have three axes, celestial coordinates and energies, its
        values are not counts, or no band is usable.
    """
    shape = tuple(image.shape)
    if len(shape) != 3:
        raise BadInput(
            f"{path} has no energy axis: received an image of {len(shape)} axes "
            f"{shape}, needed are three (energy, y, x).\nGive a counts cube, as gtbin "
            "makes with algorithm=CCUBE."
        )
    check_unit(image.header.get("BUNIT"), path=path)
    wcs, rotation = sky_wcs(path, image.header)
    channels = read_channels(hdus, image, n_channels=shape[0], path=path)
    planes, sky = [], None
    for number in range(shape[0]):
        counts = _plane(image, number, path)
        plane, sky = check_plane(counts, sky, channel=number + 1, path=path)
        planes.append(plane)
    if sky is None or not sky.any():
        raise BadInput(f"{path} shows no sky: all its pixels are NaN.\nCheck the file.")
    return photons_of(
        planes,
        channels,
        place=ImageGrid(wcs, rotation, shape[2], path).place,
        footprint=WcsFootprint(wcs, sky.reshape(shape[1:])),
        pixel_degrees=float(max(proj_plane_pixel_scales(wcs))),
        seed=seed,
        path=path,
    )


def _plane(image: Any, number: int, path: Path) -> NDArray[np.floating]:
    """Return one channel, flattened, as float64, which holds any count exactly."""
    try:
        return np.asarray(image.section[number, :, :], dtype=np.float64).ravel()
    except (OSError, EOFError, ValueError, TypeError) as error:
        raise BadInput(
            f"channel {number + 1} of {path} cannot be read: {error}\n"
            "The file may be truncated; copy it again."
        ) from error
