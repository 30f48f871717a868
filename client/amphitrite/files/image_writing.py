"""FITS image files of any size, created at full size and filled by rows in any order.

Only the rows that are being written are in memory.  Arrays are in (ny, nx) order, row 0
being the first row of the file, which viewers such as DS9 draw at the bottom.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from astropy.io import fits
from astropy.wcs import WCS
from numpy.typing import ArrayLike

from amphitrite.files.cards import provenance_cards
from amphitrite.files.writing import writing

_BLOCK: Final = 2880
_BITPIX: Final = {"uint8": 8, "int16": 16, "int32": 32, "float32": -32, "float64": -64}


@dataclass(frozen=True)
class Extension:
    """One image of a file that `ImageFile` creates.

    Parameters
    ----------
    name : str
        Its ``EXTNAME``.
    dtype : str
        ``"uint8"``, ``"int16"``, ``"int32"``, ``"float32"`` or ``"float64"``.
    unit : str
        Its ``BUNIT``; empty for a pure number.
    """

    name: str
    dtype: str
    unit: str = ""


class ImageFile:
    """A FITS file of images of one shape, created at full size and filled by rows.

    A single image is stored in the primary HDU; several follow an empty primary HDU
    as image extensions.  Pixels that are never written are 0.  Usable in a ``with``
    statement.

    Parameters
    ----------
    path : path
        The file, a new one.
    shape : tuple of int
        (ny, nx), in pixels.
    extensions : sequence of Extension
        The images, in their order in the file.
    wcs : astropy.wcs.WCS, optional
        Written into every image's header.
    cards : mapping, optional
        Further cards for the primary header; see `provenance_cards`.

    Raises
    ------
    OutputError
        The file exists, or cannot be created or written.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        shape: tuple[int, int],
        extensions: Sequence[Extension],
        wcs: WCS | None = None,
        cards: Mapping[str, str | int | float] | None = None,
    ) -> None:
        self.path = Path(path)
        self.shape = shape
        self._layout: dict[str, tuple[int, np.dtype[Any]]] = {}
        single = len(extensions) == 1
        headers = [
            _image_header(extension, shape, wcs, primary=single)
            for extension in extensions
        ]
        if not single:
            headers.insert(0, fits.PrimaryHDU().header)
        headers[0].extend(provenance_cards(cards or {}), end=True)
        with writing(self.path):
            self._file = self.path.open("xb")
            try:
                self._lay_out(headers, extensions)
            except BaseException:
                self._file.close()
                raise

    def _lay_out(
        self, headers: Sequence[fits.Header], extensions: Sequence[Extension]
    ) -> None:
        """Write all headers and extend the file to its full size."""
        pending = list(extensions)
        end = 0
        for header in headers:
            text = header.tostring().encode("ascii")
            os.pwrite(self._file.fileno(), text, end)
            end += len(text)
            if header["NAXIS"]:
                extension = pending.pop(0)
                dtype = np.dtype(extension.dtype).newbyteorder(">")
                self._layout[extension.name] = (end, dtype)
                size = self.shape[0] * self.shape[1] * dtype.itemsize
                end += -(-size // _BLOCK) * _BLOCK
        self._file.truncate(end)

    def write_rows(self, extension: str, y0: int, rows: ArrayLike) -> None:
        """Write consecutive rows of one image.

        Parameters
        ----------
        extension : str
            The image's name.
        y0 : int
            The first row.
        rows : array_like
            (n, nx), cast to the image's dtype.

        Raises
        ------
        ValueError
            The rows do not fit into the image.
        OutputError
            The file cannot be written, for instance because the disk is full.
        """
        offset, dtype = self._layout[extension]
        pixels = np.ascontiguousarray(rows, dtype=dtype)
        ny, nx = self.shape
        if (
            pixels.ndim != 2
            or pixels.shape[1] != nx
            or not (0 <= y0 <= ny - len(pixels))
        ):
            raise ValueError(
                f"rows of shape {pixels.shape} at row {y0} do not fit an image of "
                f"shape {self.shape}"
            )
        view = memoryview(pixels.tobytes())
        position = offset + y0 * nx * dtype.itemsize
        with writing(self.path):
            while view:
                written = os.pwrite(self._file.fileno(), view, position)
                position, view = position + written, view[written:]

    def close(self) -> None:
        """Flush the file to the disk and close it; more than once does no harm.

        Raises
        ------
        OutputError
            The operating system could not store the file.
        """
        if self._file.closed:
            return
        with writing(self.path), self._file:
            os.fsync(self._file.fileno())

    def __enter__(self) -> ImageFile:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()


def _image_header(
    extension: Extension, shape: tuple[int, int], wcs: WCS | None, *, primary: bool
) -> fits.Header:
    """Return the header of an image whose pixels are written later."""
    header = (fits.PrimaryHDU if primary else fits.ImageHDU)().header
    header["BITPIX"] = _BITPIX[extension.dtype]
    header["NAXIS"] = 2
    header.insert("NAXIS", ("NAXIS1", shape[1], "columns"), after=True)
    header.insert("NAXIS1", ("NAXIS2", shape[0], "rows"), after=True)
    header["EXTNAME"] = extension.name
    if extension.unit:
        header["BUNIT"] = extension.unit
    if wcs is not None:
        header.update(wcs.to_header(relax=True))
    return header
