"""FITS images of any size, read by rows.

A whole image is never in memory.  Rows are read from the file when they are requested,
with plain reads rather than a memory map, whose pages would count as memory of this
process.  Arrays are in (ny, nx) order, row 0 being the first row of the file, which
viewers such as DS9 draw at the bottom.  `amphitrite.files.image_writing` writes images.
"""

from __future__ import annotations

import os
import zlib
from pathlib import Path
from typing import IO, Any, Final, Protocol

import numpy as np
from astropy.io import fits
from astropy.wcs import WCS
from numpy.typing import NDArray

from amphitrite.errors import BadInput
from amphitrite.files.opening import _unpack_gzip, check_readable, open_hdus
from amphitrite.files.wcs import celestial_wcs

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
    header : astropy.io.fits.Header
        The header of the image's HDU.
    wcs : astropy.wcs.WCS or None
        The celestial coordinates, None where the header has none.
    """

    def __init__(
        self, path: Path, hdus: fits.HDUList, hdu: Any, unpacked: IO[bytes] | None
    ) -> None:
        self.path = path
        self.header: fits.Header = hdu.header
        self.shape: tuple[int, int] = (int(hdu.shape[0]), int(hdu.shape[1]))
        self.wcs: WCS | None = celestial_wcs(hdu.header)
        self._hdus = hdus
        self._hdu = hdu
        self._unpacked = unpacked

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
            pixels = self._hdu.section[y0:y1, :]
        except (OSError, EOFError, ValueError, RuntimeError, zlib.error) as error:
            raise BadInput(
                f"rows {y0} to {y1 - 1} of {self.path} cannot be read: {error}\n"
                "Check the file, for example with fitsverify."
            ) from error
        with np.errstate(over="ignore"):
            return np.ascontiguousarray(pixels, dtype=np.float32)

    def __getitem__(self, box: tuple[slice, slice]) -> NDArray[np.float32]:
        ys, xs = box
        y0, y1, step = ys.indices(self.shape[0])
        if step != 1:
            raise ValueError(f"only whole runs of rows can be read; received {ys}")
        return self.rows(y0, max(y0, y1))[:, xs]

    def close(self) -> None:
        """Close the file; more than once does no harm."""
        self._hdus.close()
        if self._unpacked is not None:
            self._unpacked.close()

    def __enter__(self) -> Image:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()


def read_image(
    path: str | os.PathLike[str], *, extension: str | None = None, minimum: int = 1
) -> Image:
    """Open the first two-dimensional image of a FITS file.

    Parameters
    ----------
    path : path
        A FITS file: plain, gzipped, or compressed by tiles (fpack).  A gzipped file
        is unpacked into the directory for temporary files while it is open.
    extension : str, optional
        The ``EXTNAME`` of the image to take instead of the first one.
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
        image (or without that extension), or too small.

    Notes
    -----
    SIP distortion is used only where ``CTYPE1`` ends with ``-SIP``: drizzled mosaics
    often keep the coefficients of their input exposures, which no longer apply.
    """
    path = Path(path)
    check_readable(path)
    unpacked = _unpack_gzip(path)
    hdus: fits.HDUList | None = None
    try:
        hdus = open_hdus(path, unpacked)
        hdu = _find_image(hdus, path, extension)
        _check_complete(hdu, path if unpacked is None else Path(unpacked.name), path)
        if min(hdu.shape) < minimum:
            raise BadInput(
                f"{path} is too small: received {hdu.shape[1]} x {hdu.shape[0]} pixels,"
                f" needed are at least {minimum} x {minimum}"
            )
        return Image(path, hdus, hdu, unpacked)
    except BaseException:
        if hdus is not None:
            hdus.close()
        if unpacked is not None:
            unpacked.close()
        raise


def _find_image(hdus: fits.HDUList, path: Path, extension: str | None) -> Any:
    """Return the first HDU with a two-dimensional image, of a name if one is given."""
    found = []
    for hdu in hdus:
        shape = tuple(getattr(hdu, "shape", ()) or ()) if hdu.is_image else ()
        if len(shape) == 2 and extension in (None, hdu.name):
            return hdu
        found.append(f"{hdu.name or 'PRIMARY'} {shape or 'without image'}")
    wanted = "two-dimensional image" + (f" named {extension}" if extension else "")
    raise BadInput(
        f"{path} holds no {wanted}; its HDUs are: {', '.join(found)}.\n"
        "If there should be one, the file may be truncated."
    )


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
