"""FITS images of any size: read by rows, compared, and written by rows.

Nothing here holds a whole image.  Rows are read from the file when they are asked for,
with plain reads rather than a memory map, whose pages would count as memory of this
process.  Arrays are in (ny, nx) order, row 0 being the first row of the file, which
viewers such as DS9 draw at the bottom.  Writing is in `amphitrite.image_file`, and
offered here too.
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
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any, Final

import numpy as np
from astropy.coordinates import angular_separation
from astropy.io import fits
from astropy.io.fits.verify import VerifyWarning
from astropy.utils.exceptions import AstropyUserWarning
from astropy.wcs import WCS, FITSFixedWarning
from astropy.wcs.utils import proj_plane_pixel_scales
from numpy.typing import NDArray

from amphitrite.errors import BadInput, OutputError
from amphitrite.image_file import Extension as Extension
from amphitrite.image_file import ImageFile as ImageFile
from amphitrite.image_file import provenance_cards as provenance_cards
from amphitrite.standing import check_regular

logger = logging.getLogger(__name__)

GRID_TOLERANCE_PIXELS: Final = 0.01
"""How far apart, in pixels, the same corner of two bands may lie on the sky.

Headers of one mosaic round their scale differently (1.666667e-05 and 1.6666666915e-05
deg for the same CANDELS grid): 0.004 pixel across 20,000 pixels.  The limit leaves room
for that and stays far below the width of any point spread function.
"""

UNREADABLE: Final = (
    OSError,
    EOFError,
    IndexError,
    TypeError,
    ValueError,
    zlib.error,
    fits.VerifyError,
)
"""What reading a damaged FITS file may raise."""

_BLOCK: Final = 2880
_NOT_GRID: Final = ("DATE-OBS", "MJD-OBS", "MJDREF", "RADESYS", "EQUINOX")
_SIP_CARD: Final = re.compile(r"(A|B|AP|BP)_(ORDER|DMAX|\d+_\d+)")


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
    check_readable(path)
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


def check_readable(path: Path) -> None:
    """Refuse what is not a file that can be read.

    Raises
    ------
    BadInput
        There is no such file, it is a directory, a pipe or a device, or it may not be
        read.
    """
    if not path.exists():
        raise BadInput(f"there is no file {path}; check the name and the directory")
    if path.is_dir():
        raise BadInput(f"{path} is a directory; give the FITS file itself")
    check_regular(path)
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
