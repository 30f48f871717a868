"""FITS images of any size: read by rows, compared, and written by rows.

Nothing here holds a whole image.  Rows are read from the file when they are asked for
(with plain reads rather than a memory map, whose pages would count as memory of this
process), and output files are laid out first and filled from top to bottom or in any
other order.  Arrays are in (ny, nx) order, row 0 being the first row of the file,
which viewers such as DS9 draw at the bottom.
"""

from __future__ import annotations

import gzip
import hashlib
import logging
import os
import re
import shutil
import tempfile
import warnings
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final

import numpy as np
from astropy.coordinates import angular_separation
from astropy.io import fits
from astropy.io.fits.verify import VerifyWarning
from astropy.utils.exceptions import AstropyUserWarning
from astropy.wcs import WCS, FITSFixedWarning
from astropy.wcs.utils import proj_plane_pixel_scales
from numpy.typing import ArrayLike, NDArray

from amphitrite.errors import BadInput, OutputError

logger = logging.getLogger(__name__)

GRID_TOLERANCE_PIXELS: Final = 0.01
"""How far apart, in pixels, the same corner of two bands may lie on the sky.

Headers of one mosaic round their scale differently (1.666667e-05 and 1.6666666915e-05
deg for the same CANDELS grid): 0.004 pixel across 20,000 pixels.  A misalignment that
a network could notice is ten times larger.
"""

_BLOCK: Final = 2880
_BITPIX: Final = {"uint8": 8, "int16": 16, "int32": 32, "float32": -32, "float64": -64}
_NOT_GRID: Final = ("DATE-OBS", "MJD-OBS", "MJDREF", "RADESYS", "EQUINOX")
_SIP_CARD: Final = re.compile(r"(A|B|AP|BP)_(ORDER|DMAX|\d+_\d+)")
_KEYWORD: Final = re.compile(r"[A-Z0-9_-]{1,8}")


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
        """Read the rows ``y0 <= y < y1``.

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
            The file cannot be read there.
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
    ``-SIP`` terms count only where ``CTYPE`` says so; drizzled mosaics often keep the
    terms of the exposures that they were made from, which no longer apply.
    """
    path = Path(path)
    _check_readable(path)
    unpacked = _unpack_gzip(path)
    hdus: fits.HDUList | None = None
    try:
        hdus = _open(path, unpacked)
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


def checksum(path: str | os.PathLike[str]) -> str:
    """Return the SHA-256 of a file's bytes as 64 hexadecimal digits.

    Raises
    ------
    BadInput
        The file cannot be read.
    """
    try:
        with Path(path).open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise BadInput(f"{path} cannot be read: {error.strerror}") from error


def celestial_wcs(header: fits.Header) -> WCS | None:
    """Return the celestial coordinates that a header describes.

    Parameters
    ----------
    header : astropy.io.fits.Header
        Header of a two-dimensional image.

    Returns
    -------
    astropy.wcs.WCS or None
        None where there are none, or where astropy cannot make sense of them (which
        is logged).
    """
    cards = fits.Header(
        [card for card in header.cards if card.keyword not in ("", "COMMENT")]
    )
    if not str(header.get("CTYPE1", "")).endswith("-SIP"):
        for keyword in {key for key in cards if _SIP_CARD.fullmatch(key)}:
            cards.remove(keyword, remove_all=True)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FITSFixedWarning)
            warnings.simplefilter("ignore", VerifyWarning)
            wcs = WCS(cards, naxis=2)
    except Exception as error:  # astropy and wcslib raise many kinds
        logger.warning("the WCS cards are not understood and not used: %s", error)
        return None
    return wcs if wcs.has_celestial else None


def check_same_grid(images: Mapping[str, Image]) -> None:
    """Refuse bands that do not share one pixel grid.

    Parameters
    ----------
    images : mapping of str to Image
        The bands by name; the first one is the reference.

    Raises
    ------
    BadInput
        Shapes differ, only some bands have a WCS, or a corner of the image lies more
        than `GRID_TOLERANCE_PIXELS` apart on the sky.  Names the bands and values.

    Notes
    -----
    The coordinates' numbers are compared, not their frames: headers of one mosaic
    often name ICRS in one band and nothing, which means FK5, in another.
    """
    (name, reference), *others = images.items()
    for other, image in others:
        if image.shape != reference.shape:
            raise BadInput(
                f"bands {name} and {other} differ in shape (NAXIS1 x NAXIS2): received "
                f"{reference.shape[1]} x {reference.shape[0]} ({reference.path}) and "
                f"{image.shape[1]} x {image.shape[0]} ({image.path}).\n"
                "Resample the bands to one pixel grid first."
            )
        if reference.wcs is None and image.wcs is None:
            continue
        if reference.wcs is None or image.wcs is None:
            without, holder = (name, other) if reference.wcs is None else (other, name)
            raise BadInput(
                f"band {without} has no celestial WCS ({images[without].path}) while "
                f"band {holder} has one ({images[holder].path}), so that their grids "
                "cannot be compared.\nCopy the WCS cards, or remove them from all."
            )
        offset = _largest_corner_offset(reference.wcs, image.wcs, reference.shape)
        if not offset <= GRID_TOLERANCE_PIXELS:
            raise BadInput(
                f"bands {name} and {other} differ in WCS by up to {offset:.3g} pixels "
                f"at the corners (allowed: {GRID_TOLERANCE_PIXELS}):\n"
                + "\n".join(_wcs_differences(name, reference.wcs, other, image.wcs))
                + "\nResample the bands to one pixel grid first."
            )


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
    """A FITS file of images of one shape, created at its full size, filled by rows.

    A single image is stored in the primary HDU; several follow an empty primary HDU
    as image extensions.  Pixels that are never written are 0.  Usable in a ``with``
    statement.

    Parameters
    ----------
    path : path
        The file, replaced if it exists.
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
        The file cannot be created or written.
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
        try:
            self._file = self.path.open("wb")
            try:
                self._lay_out(headers, extensions)
            except BaseException:
                self._file.close()
                raise
        except OSError as error:
            raise _cannot_write(self.path, error) from error

    def _lay_out(
        self, headers: Sequence[fits.Header], extensions: Sequence[Extension]
    ) -> None:
        """Write every header at its place and give the file its full size."""
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
        try:
            while view:
                written = os.pwrite(self._file.fileno(), view, position)
                position, view = position + written, view[written:]
        except OSError as error:
            raise _cannot_write(self.path, error) from error

    def close(self) -> None:
        """Flush the file to the disk and close it; more than once does no harm.

        Raises
        ------
        OutputError
            The operating system could not store the file.
        """
        if self._file.closed:
            return
        try:
            os.fsync(self._file.fileno())
            self._file.close()
        except OSError as error:
            raise _cannot_write(self.path, error) from error

    def __enter__(self) -> ImageFile:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()


def provenance_cards(entries: Mapping[str, str | int | float]) -> fits.Header:
    r"""Turn named values into header cards.

    Parameters
    ----------
    entries : mapping
        Values by name.  A name of up to eight letters and digits becomes a keyword
        (in capitals; long values continue over several cards), any other one a
        ``HISTORY`` line "name: value".  Characters that FITS does not allow are
        written as escapes such as ``\xe9``.

    Returns
    -------
    astropy.io.fits.Header
        The cards.
    """
    header = fits.Header()
    for name, value in entries.items():
        if isinstance(value, str):
            value = "".join(
                char if " " <= char <= "~" else char.encode("unicode_escape").decode()
                for char in value
            )
        if _KEYWORD.fullmatch(name.upper()):
            header[name.upper()] = value
        else:
            header.add_history(f"{name}: {value}")
    return header


def _check_readable(path: Path) -> None:
    """Refuse what is not a file that can be read."""
    if not path.exists():
        raise BadInput(f"there is no file {path}; check the name and the directory")
    if path.is_dir():
        raise BadInput(f"{path} is a directory; give the FITS file itself")
    if not os.access(path, os.R_OK):
        raise BadInput(f"{path} may not be read; check its permissions")


def _unpack_gzip(path: Path) -> IO[bytes] | None:
    """Unpack a gzipped file into a temporary one, None if it is not gzipped.

    Gzip knows no random access, and astropy would keep the whole image in memory.
    """
    with path.open("rb") as file:
        if file.read(2) != b"\x1f\x8b":
            return None
    plain = tempfile.NamedTemporaryFile(prefix="amphitrite-", suffix=".fits")
    try:
        with gzip.open(path) as packed:
            shutil.copyfileobj(packed, plain, 1 << 20)
        plain.flush()
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        plain.close()
        raise BadInput(
            f"{path} is truncated or damaged: {error}\nCopy the file again."
        ) from error
    except OSError as error:
        plain.close()
        raise OutputError(
            f"{path} cannot be unpacked into {tempfile.gettempdir()}: "
            f"{error.strerror}\nFree some space or set TMPDIR to another directory."
        ) from error
    return plain


def _open(path: Path, unpacked: IO[bytes] | None) -> fits.HDUList:
    """Open a plain FITS file and read all its headers."""
    try:
        with warnings.catch_warnings():
            # Truncation is checked against the image itself, see _check_complete.
            warnings.simplefilter("ignore", AstropyUserWarning)
            hdus = fits.open(path if unpacked is None else unpacked.name, memmap=False)
            try:
                len(hdus)
            except BaseException:
                hdus.close()
                raise
            return hdus
    except (OSError, ValueError, KeyError, TypeError, fits.VerifyError) as error:
        raise BadInput(
            f"{path} is not a FITS file, or is truncated: {error}"
        ) from error


def _find_image(hdus: fits.HDUList, path: Path, extension: str | None) -> Any:
    """Return the first HDU with a two-dimensional image (of that name)."""
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
    # The size of a compressed image is known with its padding only.
    packed = isinstance(hdu, fits.CompImageHDU)
    length = where["datSpan"] - (_BLOCK - 1) if packed else hdu.size
    end, size = where["datLoc"] + length, file.stat().st_size
    if end > size:
        raise BadInput(
            f"{path} is truncated: its image ends at byte {end}, the file at byte "
            f"{size}.\nCopy the file again."
        )


def _largest_corner_offset(a: WCS, b: WCS, shape: tuple[int, int]) -> float:
    """Return how many pixels apart two WCS place a corner, at most; maybe NaN."""
    x, y = np.meshgrid([0, shape[1] - 1], [0, shape[0] - 1])
    sky_a, sky_b = (np.deg2rad(wcs.celestial.all_pix2world(x, y, 0)) for wcs in (a, b))
    apart = np.rad2deg(angular_separation(*sky_a, *sky_b))
    return float(np.max(apart) / np.min(proj_plane_pixel_scales(a.celestial)))


def _wcs_differences(name: str, a: WCS, other: str, b: WCS) -> list[str]:
    """List the WCS keywords whose values differ."""
    left, right = (wcs.to_header(relax=True) for wcs in (a, b))
    return [
        f"  {key}: {name} has {left.get(key)!r}, {other} has {right.get(key)!r}"
        for key in dict.fromkeys([*left, *right])
        if left.get(key) != right.get(key) and key not in _NOT_GRID
    ]


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


def _cannot_write(path: Path, error: OSError) -> OutputError:
    return OutputError(
        f"{path} cannot be written: {error.strerror or error}\n"
        "Choose another place, or free some space."
    )
