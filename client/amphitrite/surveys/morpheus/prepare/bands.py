"""The four bands as the network sees them: in one unit, NaN where there are no data."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from astropy.wcs import WCS
from numpy.typing import NDArray

from amphitrite.files.images import Image
from amphitrite.surveys.morpheus.prepare.blank import Blank
from amphitrite.surveys.morpheus.prepare.units import Conversion


@dataclass(frozen=True)
class Band:
    """One band, open for reading.

    Parameters
    ----------
    image : Image
        The image in its file.
    conversion : Conversion
        The unit of the pixels, and the factor that brings them into it.
    blank : Blank
        Pixels that hold no data.
    """

    image: Image
    conversion: Conversion
    blank: Blank

    @property
    def path(self) -> Path:
        """The file."""
        return self.image.path

    @property
    def shape(self) -> tuple[int, int]:
        """(ny, nx), in pixels."""
        return self.image.shape

    @property
    def wcs(self) -> WCS | None:
        """The celestial coordinates, None where the header has none."""
        return self.image.wcs

    def rows(self, y0: int, y1: int) -> NDArray[np.float32]:
        """Return the rows ``y0 <= y < y1``.

        Returns
        -------
        ndarray
            (y1 - y0, nx) float32; NaN where there are no data, other values that are
            not finite as they are in the file.

        Raises
        ------
        BadInput, ValueError
            See `amphitrite.files.images.Image.rows`.
        """
        return self._usable(self.image.rows(y0, y1), y0)

    def __getitem__(self, box: tuple[slice, slice]) -> NDArray[np.float32]:
        ys, xs = box
        y0, _, _ = ys.indices(self.shape[0])
        return self._usable(self.image[ys, :], y0)[:, xs]

    def _usable(self, pixels: NDArray[np.float32], y0: int) -> NDArray[np.float32]:
        """Return whole rows from row ``y0`` on in the common unit, NaN without data."""
        if self.blank.n_pixels:
            pixels[self.blank.rows(y0, y0 + len(pixels))] = np.nan
        if self.conversion.factor != 1:
            pixels *= np.float32(self.conversion.factor)
        return pixels
