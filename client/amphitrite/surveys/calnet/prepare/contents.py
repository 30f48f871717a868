"""The contents of a light curve file, unpacked."""

from __future__ import annotations

import hashlib
import io
import lzma
import zlib
from pathlib import Path
from typing import Final

from amphitrite.errors import BadInput
from amphitrite.files import compression
from amphitrite.files.headers import check_headers

_LARGEST: Final = 512 * 2**20  # bytes; the longest 20-second sectors have 20 MB
_FITS: Final = b"SIMPLE  ="
_READ: Final = "calnet reads light curves in FITS, plain or packed as .gz, .bz2 or .xz"


def contents(path: Path) -> tuple[bytes, str]:
    """Return a file's contents, unpacked, and the checksum of the file itself.

    Parameters
    ----------
    path : Path
        A FITS file, plain or packed by gzip, bzip2 or xz.

    Returns
    -------
    data : bytes
        What is in it.
    checksum : str
        SHA-256 of the file as it is.

    Raises
    ------
    BadInput
        The file cannot be read, or is not a FITS file; the message says what it is.
    """
    try:
        with path.open("rb") as file:
            data = file.read(_LARGEST + 1)
        digest = hashlib.sha256(data).hexdigest()
        data = compression.unpacked_bytes(data, _LARGEST + 1)
    except (OSError, EOFError, zlib.error, lzma.LZMAError) as error:
        raise BadInput(
            f"{path} cannot be read: {error}; check that it is whole, or fetch it again"
        ) from error
    if len(data) > _LARGEST:
        raise BadInput(
            f"{path} holds more than {_LARGEST // 2**20} MiB, which no light curve "
            "does; leave it out"
        )
    check_headers(path, io.BytesIO(data))
    if not data.startswith(_FITS):
        raise BadInput(f"{path} is not a FITS file: {_READ}")
    return data, digest
