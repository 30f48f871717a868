"""Opening of FITS files, with a word on what is given instead of one."""

from __future__ import annotations

import os
import re
import warnings
import zlib
from pathlib import Path
from typing import IO, Final

from astropy.io import fits
from astropy.utils.exceptions import AstropyUserWarning

from amphitrite.errors import BadInput
from amphitrite.files.addresses import check_local
from amphitrite.files.standing import check_regular

UNREADABLE: Final = (
    OSError,
    EOFError,
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    RuntimeError,
    TypeError,
    ValueError,
    zlib.error,
    fits.VerifyError,
)
"""Exceptions that astropy may raise on a damaged FITS file."""

# The third card; astropy would look for the length of each axis, and FITS allows 999.
_AXES: Final = re.compile(rb"NAXIS   = *(\d{4,})")
_FOREIGN: Final = {
    b"<": "it is a web page, such as a login or an error; fetch the file again",
    b"{": "it is a JSON document, such as a server's error; fetch the file again",
    b"version https://git-lfs": "it is a pointer of Git LFS; run 'git lfs pull'",
    b"pk\x03\x04": "it is a zip archive; unpack it first",
    b"\x1f\x9d": "it is packed by compress; unpack it first with uncompress",
    b"(\xb5/\xfd": "it is packed by Zstandard; unpack it first with unzstd",
    b"7z\xbc\xaf": "it is a 7z archive; unpack it first",
    b"\x89hdf": "it is an HDF5 file; convert it to FITS",
    b"#asdf": "it is an ASDF file; convert it to FITS",
    b"\x89png": "it is a PNG picture; give the FITS image itself",
    b"\xff\xd8\xff": "it is a JPEG picture; give the FITS image itself",
}
"""What files begin with that are given as FITS, in small letters."""


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
    if found := foreign_content(file):
        raise BadInput(f"{path} is not a FITS file: {found}")
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


def foreign_content(path: Path) -> str:
    """Return why a file cannot be a FITS file by its first bytes, and what to do.

    Parameters
    ----------
    path : Path
        A file that can be read.

    Returns
    -------
    str
        Such as "it is a web page; fetch the file again"; empty if not recognised.
    """
    with path.open("rb") as file:
        start = file.read(512)
    if not start:
        return "it is empty; fetch the file again"
    if start[257:262] == b"ustar":
        return "it is a tar archive; unpack it first"
    if axes := _AXES.match(start, 160):
        return f"its header has {axes[1].decode()} axes; copy the file again"
    text = start.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    for magic, found in _FOREIGN.items():
        if text.startswith(magic):
            return found
    return ""
