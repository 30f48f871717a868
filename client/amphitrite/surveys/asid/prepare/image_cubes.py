"""Counts cubes of images: two celestial axes and one of energy (``gtbin`` CCUBE)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

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
        for _ in range(_MOST_DRAWS):
            y, x = np.divmod(pixels[todo], self.nx)
            dx, dy = random.uniform(-0.5, 0.5, size=(2, len(todo)))
            lon[todo], lat[todo] = self.wcs.wcs_pix2world(x + dx, y + dy, 0)
            todo = todo[~(np.isfinite(lon[todo]) & (np.abs(lat[todo]) <= 90))]
            if not len(todo):
                placed: NDArray[np.float64] = unit_vectors(lon, lat) @ self.rotation.T
                return placed
        y, x = np.divmod(pixels[todo[0]], self.nx)
        raise BadInput(
            f"{self.path} has counts in pixels off the sky: received pixel x = {x}, "
            f"y = {y} (counted from 0), to which its projection gives no coordinates."
            "\nCheck the header's WCS keywords."
        )


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
