"""Opening of FITS files, with a word on what is given instead of one."""

from __future__ import annotations

import io
import lzma
import os
import struct
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final

from astropy.io import fits
from astropy.utils.exceptions import AstropyUserWarning

from amphitrite.errors import BadInput
from amphitrite.files import compression
from amphitrite.files.addresses import check_local
from amphitrite.files.headers import check_headers
from amphitrite.files.standing import check_regular

UNREADABLE: Final = (
    OSError,
    EOFError,
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    MemoryError,
    RuntimeError,
    TypeError,
    ValueError,
    struct.error,
    zlib.error,
    lzma.LZMAError,
    fits.VerifyError,
)
"""Exceptions that astropy may raise on a damaged FITS file."""

_CHECKED_BYTES: Final = 1 << 16
"""Bytes from the beginning of a packed file in which headers are checked first."""


def check_readable(path: Path) -> None:
    """Refuse an input that is not a readable regular file.

    Raises
    ------
    BadInput
        The file does not exist, is an address, a directory, a pipe or a device, or its
        permissions forbid reading.
    """
    check_local(path)
    if not path.exists():
        raise BadInput(f"there is no file {path}; check the name and the directory")
    if path.is_dir():
        raise BadInput(f"{path} is a directory; give the FITS file itself")
    check_regular(path)
    if not os.access(path, os.R_OK):
        raise BadInput(f"{path} may not be read; check its permissions")


@contextmanager
def intact(path: Path) -> Iterator[None]:
    """Refuse a file by name if it turns out to be damaged within the ``with`` block.

    Parameters
    ----------
    path : Path
        The file that is read.

    Raises
    ------
    BadInput
        astropy failed on it, for one of the many reasons in `UNREADABLE`.
    """
    try:
        yield
    except UNREADABLE as error:
        raise BadInput(
            f"{path} is damaged, or not written as the FITS standard asks "
            f"({type(error).__name__}: {error}); copy the file again, or look at it "
            "with fitsverify"
        ) from error


def open_hdus(path: Path, unpacked: IO[bytes] | None) -> fits.HDUList:
    """Return the HDUs of a FITS file, with all headers read.

    Parameters
    ----------
    path : Path
        The file as the user named it.
    unpacked : file or None
        Its unpacked copy, if it is compressed.

    Raises
    ------
    BadInput
        The file is not FITS, or a header is truncated.
    """
    file = path if unpacked is None else Path(unpacked.name)
    with file.open("rb") as content:
        check_headers(path, content)
    try:
        with warnings.catch_warnings():
            # Truncation of the pixels is checked later, see images._check_complete.
            warnings.simplefilter("ignore", AstropyUserWarning)
            hdus = fits.open(file, memmap=False)
            try:
                len(hdus)
            except BaseException:
                hdus.close()
                raise
            return hdus
    except UNREADABLE as error:
        raise BadInput(
            f"{path} is not a FITS file, or is truncated: {error}"
        ) from error


def open_lazily(path: Path) -> fits.HDUList:
    """Return the HDUs of a FITS file, each of which is read when it is asked for.

    Parameters
    ----------
    path : Path
        The file, plain or packed by gzip, bzip2 or xz.

    Raises
    ------
    BadInput
        The file is not FITS, by its first bytes.
    OSError, ValueError and others of `UNREADABLE`
        The first header is damaged.
    """
    with compression.opened(path) as content:
        packed = compression.is_packed(path)
        start = io.BytesIO(content.read(_CHECKED_BYTES)) if packed else content
        check_headers(path, start)
    with warnings.catch_warnings(action="ignore", category=AstropyUserWarning):
        return fits.open(path, memmap=False)
