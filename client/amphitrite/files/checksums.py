"""SHA-256 checksums of files."""

from __future__ import annotations

import hashlib
import os
import re
from pathlib import Path
from typing import Final

from amphitrite.errors import BadInput

_DIGEST: Final = re.compile(r"(?:sha256:)?([0-9a-f]{64})")


def sha256(path: Path) -> str:
    """Return the SHA-256 digest of a file as 64 hexadecimal digits.

    Raises
    ------
    OSError
        The file cannot be read.
    """
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def check_sha256(path: Path, expected: str) -> None:
    """Compare a file with the checksum that its publisher gives.

    Parameters
    ----------
    path : Path
        The file.
    expected : str
        64 hexadecimal digits, with or without ``sha256:`` before them.

    Raises
    ------
    BadInput
        The checksums differ, or `expected` is not a SHA-256 checksum.
    """
    match = _DIGEST.fullmatch(expected.strip().lower())
    if match is None:
        raise BadInput(
            f"{expected!r} is no SHA-256 checksum; expected 64 hexadecimal digits"
        )
    have = sha256(path)
    if have != match[1]:
        raise BadInput(
            f"{path.name} has the SHA-256 checksum {have}, expected {match[1]}; it is "
            "damaged or another file: fetch it again"
        )


def checksum(path: str | os.PathLike[str]) -> str:
    """Return the SHA-256 digest of an input file as 64 hexadecimal digits.

    Raises
    ------
    BadInput
        The file cannot be read.
    """
    try:
        return sha256(Path(path))
    except OSError as error:
        raise BadInput(f"{path} cannot be read: {error.strerror}") from error
