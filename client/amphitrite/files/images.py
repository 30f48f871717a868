"""FITS images of any size, read by rows.

A whole image is never in memory.  Rows are read from the file when they are requested,
with plain reads rather than a memory map, whose pages would count as memory of this
process.  Arrays are in (ny, nx) order, row 0 being the first row of the file, which
viewers such as DS9 draw at the bottom.  `amphitrite.files.image_writing` writes images.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import IO, Any, Final, Protocol

import numpy as np
from astropy.io import fits
from astropy.wcs import WCS
from numpy.typing import NDArray

from amphitrite.errors import BadInput
from amphitrite.files import image_hdus
from amphitrite.files.compression import unpacked
from amphitrite.files.opening import UNREADABLE, check_readable, open_hdus
from amphitrite.files.wcs import image_wcs

Box = tuple[slice, slice]


_BLOCK: Final = 2880


class Image:
    """A two-dimensional FITS image, open for reading; see `read_image`.

    Usable in a ``with`` statement.  One image belongs to one thread.

    Attributes
    ----------
    path : Path
        The file.
    shape : tuple of int
        (ny, nx), in pixels.
    hdu : str
        The image's HDU as ``FILE[HDU]`` names it: name, name and version, or number.
    others : int
        Number of other HDUs of the file with a two-dimensional image.
    header : astropy.io.fits.Header
        The header of the image's HDU.
    wcs : astropy.wcs.WCS or None
        The celestial coordinates, None where the header has none.
    distortions : list of str
        Distortions that the header names and that `wcs` leaves out.
    """

    def __init__(
        self, path: Path, hdus: fits.HDUList, hdu: Any, plain: IO[bytes] | None
    ) -> None:
        self.path = path
        self.hdu = image_hdus.hdu_name(hdus, hdu)
        self.others = image_hdus.count(hdus) - 1
        self.header: fits.Header = hdu.header
        self._axes = image_hdus.plane_axes(hdu)
        ny, nx = (int(hdu.shape[axis]) for axis in self._axes)
        self.shape: tuple[int, int] = ny, nx
        naxis = len(hdu.shape)
        self.wcs: WCS | None
        self.wcs, self.distortions = image_wcs(
            hdu.header, axes=[naxis - axis for axis in reversed(self._axes)]
        )
        self._hdus = hdus
        self._hdu = hdu
        self._plain = plain

    @property
    def label(self) -> str:
        """The file, with its HDU if it holds further images."""
        return f"{self.path}[{self.hdu}]" if self.others else str(self.path)

    def card(self, keyword: str) -> str:
        """Return a card's value as text, from the image's header or the primary one.

        Empty where neither has it, or where it cannot be understood.
        """
        for header in (self.header, self._hdus[0].header):
            with contextlib.suppress(fits.VerifyError, ValueError):
                if (value := header.get(keyword)) is not None:
                    return str(value).strip()
        return ""

    def rows(self, y0: int, y1: int) -> NDArray[np.float32]:
        """Return the rows ``y0 <= y < y1``.

        Parameters
        ----------
        y0, y1 : int
            First row and the one after the last, 0 <= y0 <= y1 <= ny.

        Returns
        -------
        ndarray
            (y1 - y0, nx) float32 in native byte order, ``BSCALE`` and ``BZERO``
            applied.  NaN and infinities are kept, ``BLANK`` pixels become NaN,
            values beyond float32 become infinite.

        Raises
        ------
        BadInput
            These rows of the file cannot be read.
        ValueError
            The rows are not within the image.
        """
        if not 0 <= y0 <= y1 <= self.shape[0]:
            raise ValueError(
                f"rows {y0}:{y1} are not within the {self.shape[0]} rows of {self.path}"
            )
        if y0 == y1:
            return np.empty((0, self.shape[1]), dtype=np.float32)
        try:
            pixels = np.asarray(self._hdu.section[self._section(y0, y1)])
            with np.errstate(over="ignore"):
                plain = np.ascontiguousarray(pixels, dtype=np.float32)
            return plain.reshape(y1 - y0, self.shape[1])
        except UNREADABLE as error:
            raise BadInput(
                f"rows {y0} to {y1 - 1} of {self.path} cannot be read: {error}\n"
                "Check the file, for example with fitsverify."
            ) from error

    def _section(self, y0: int, y1: int) -> tuple[int | slice, ...]:
        """Return the index of some rows: axes of length one are left out."""
        rows, columns = self._axes
        index: list[int | slice] = [0] * len(self._hdu.shape)
        index[rows], index[columns] = slice(y0, y1), slice(None)
        return tuple(index)

    def __getitem__(self, box: tuple[slice, slice]) -> NDArray[np.float32]:
        ys, xs = box
        y0, y1, step = ys.indices(self.shape[0])
        if step != 1:
            raise ValueError(f"only whole runs of rows can be read; received {ys}")
        return self.rows(y0, max(y0, y1))[:, xs]

    def close(self) -> None:
        """Close the file; more than once does no harm."""
        self._hdus.close()
        if self._plain is not None:
            self._plain.close()

    def __enter__(self) -> Image:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()


def read_image(
    path: str | os.PathLike[str], *, hdu: str | None = None, minimum: int = 1
) -> Image:
    """Open the science image of a FITS file.

    Parameters
    ----------
    path : path
        A FITS file: plain, packed by gzip, bzip2 or xz, or compressed by tiles (fpack).
        A packed file is unpacked into the directory for temporary files while it is
        open.
    hdu : str, optional
        The image's name, ``NAME,VERSION`` or number, instead of the one that
        `amphitrite.files.image_hdus.find_image` prefers.
    minimum : int
        The least number of pixels along each side.

    Returns
    -------
    Image
        To be closed by the caller.

    Raises
    ------
    BadInput
        No such file, a directory, not FITS, truncated, without a two-dimensional
        science image (or without that HDU), or too small.
    """
    path = Path(path)
    check_readable(path)
    plain = unpacked(path)
    hdus: fits.HDUList | None = None
    try:
        hdus = open_hdus(path, plain)
        image = _open_image(path, hdus, plain, hdu)
        if min(image.shape) < minimum:
            raise BadInput(
                f"{path} is too small: received {image.shape[1]} x {image.shape[0]} "
                f"pixels, needed are at least {minimum} x {minimum}"
            )
        return image
    except BaseException:
        if hdus is not None:
            hdus.close()
        if plain is not None:
            plain.close()
        raise


def _open_image(
    path: Path, hdus: fits.HDUList, plain: IO[bytes] | None, wanted: str | None
) -> Image:
    """Return the wanted image of an open file."""
    try:
        found = image_hdus.find_image(hdus, path, wanted)
        _check_complete(found, path if plain is None else Path(plain.name), path)
        return Image(path, hdus, found, plain)
    except UNREADABLE as error:
        raise BadInput(
            f"the headers of {path} cannot be understood: {error}\n"
            "Check the file, for example with fitsverify."
        ) from error


def _check_complete(hdu: Any, file: Path, path: Path) -> None:
    """Refuse an image whose pixels reach beyond the end of the file."""
    where = hdu.fileinfo()
    # The size of a compressed image is known only with its padding.
    packed = isinstance(hdu, fits.CompImageHDU)
    length = where["datSpan"] - (_BLOCK - 1) if packed else hdu.size
    end, size = where["datLoc"] + length, file.stat().st_size
    if end > size:
        raise BadInput(
            f"{path} is truncated: its image ends at byte {end}, the file at byte "
            f"{size}.\nCopy the file again."
        )


class PixelMap(Protocol):
    """An object of shape (ny, nx) that returns an array for a pair of slices."""

    @property
    def shape(self) -> tuple[int, ...]:
        """(ny, nx), in pixels."""

    def __getitem__(self, box: Box, /) -> NDArray[Any]:
        """Return the pixels of a box."""
