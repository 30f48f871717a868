"""Files that are given as FITS and are something else, by their first bytes."""

from __future__ import annotations

from typing import Final

BYTES: Final = 512
"""Bytes from the beginning of a file by which it is recognised."""

_TAR: Final = slice(257, 262)
_KNOWN: Final = {
    b"<": "it is a web page, such as a login or an error; fetch the file again, with "
    "the address of the file itself",
    b"{": "it is a JSON document, such as a server's error; fetch the file again",
    b"version https://git-lfs": "it is a pointer of Git LFS; run 'git lfs pull'",
    b"pk\x03\x04": "it is a zip archive; unpack it first with unzip",
    b"rar!": "it is a rar archive; unpack it first with unrar",
    b"7z\xbc\xaf": "it is a 7z archive; unpack it first",
    b"\x1f\x9d": "it is packed by compress; unpack it first with uncompress",
    b"(\xb5/\xfd": "it is packed by Zstandard; unpack it first with unzstd",
    b"\x89hdf": "it is an HDF5 file; convert it to FITS",
    b"#asdf": "it is an ASDF file; convert it to FITS",
    b"\x89png": "it is a PNG picture; give the FITS file itself",
    b"\xff\xd8\xff": "it is a JPEG picture; give the FITS file itself",
}
"""What such files begin with, in small letters."""


def content(start: bytes) -> str:
    """Return why a file cannot be a FITS file, and what to do.

    Parameters
    ----------
    start : bytes
        The first `BYTES` of the file, unpacked; fewer where it is shorter.

    Returns
    -------
    str
        Such as "it is a web page; fetch the file again"; empty if not recognised.
    """
    if not start:
        return "it is empty; fetch the file again"
    if start[_TAR] == b"ustar":
        return "it is a tar archive; unpack it first with tar -xf"
    text = start.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    return next((said for magic, said in _KNOWN.items() if text.startswith(magic)), "")
