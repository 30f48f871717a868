"""Opening of FITS files, with an unpacked copy of gzipped ones."""

from __future__ import annotations

import gzip
import os
import shutil
import tempfile
import warnings
import zlib
from pathlib import Path
from typing import IO, Final

from astropy.io import fits
from astropy.utils.exceptions import AstropyUserWarning

from amphitrite.errors import BadInput, OutputError
from amphitrite.files.addresses import check_local
from amphitrite.files.standing import check_regular

UNREADABLE: Final = (
    OSError,
    EOFError,
    IndexError,
    TypeError,
    ValueError,
    zlib.error,
    fits.VerifyError,
)
"""Exceptions that astropy may raise on a damaged FITS file."""


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


def _unpack_gzip(path: Path) -> IO[bytes] | None:
    """Return a temporary unpacked copy of a gzipped file; None if it is not gzipped.

    Gzip has no random access, and astropy would keep the whole image in memory.
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


def open_hdus(path: Path, unpacked: IO[bytes] | None) -> fits.HDUList:
    """Return the HDUs of a FITS file, with all headers read.

    Parameters
    ----------
    path : Path
        The file as the user named it.
    unpacked : file or None
        Its unpacked copy, if it is gzipped.

    Raises
    ------
    BadInput
        The file is not FITS, or a header is truncated.
    """
    try:
        with warnings.catch_warnings():
            # Truncation of the pixels is checked later, see images._check_complete.
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
