"""Arrays in an archive of numpy, whose sizes are checked before they are read."""

from __future__ import annotations

import math
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Final

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from amphitrite.errors import BadInput
from amphitrite.files.opening import UNREADABLE, check_readable

MOST_BYTES: Final = 8_000_000_000
"""Size of all arrays of the largest archive that is read."""


def load(path: Path) -> dict[str, NDArray[Any]]:
    """Return the arrays of an archive by name in small letters.

    Parameters
    ----------
    path : Path
        An archive of `numpy.savez` or `numpy.savez_compressed`.

    Raises
    ------
    BadInput
        The file cannot be read, is no such archive, damaged, or unpacks to more than
        `MOST_BYTES`; or an array holds Python objects, or states more numbers than
        there are.
    """
    check_readable(path)
    with _whole(path), path.open("rb") as file, zipfile.ZipFile(file) as archive:
        members = [each for each in archive.infolist() if not each.is_dir()]
        size = sum(member.file_size for member in members)
        if size > MOST_BYTES:
            raise BadInput(
                f"{path} unpacks to {size / 1e9:.3g} GB, more than the "
                f"{MOST_BYTES / 1e9:g} GB that are read at once; divide it into "
                "several files"
            )
        found = {}
        for member in members:
            with archive.open(member) as content:
                _check_header(content, member, path)
            with archive.open(member) as content:
                name = member.filename.removesuffix(".npy").lower()
                found[name] = np.asarray(npy.read_array(content, allow_pickle=False))
        return found


@contextmanager
def _whole(path: Path) -> Iterator[None]:
    """Refuse an archive by name if it turns out to be damaged."""
    try:
        yield
    except (*UNREADABLE, zipfile.BadZipFile, NotImplementedError) as error:
        raise BadInput(
            f"{path} cannot be read as an archive of numpy: {error}; check that it is "
            "whole, and written by numpy.savez"
        ) from error


def _check_header(content: IO[bytes], member: zipfile.ZipInfo, path: Path) -> None:
    """Refuse an array of objects, and one that states more than is there."""
    name = member.filename
    version = npy.read_magic(content)
    read_header = (
        npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
    )
    shape, _, dtype = read_header(content)
    if dtype.hasobject:
        raise BadInput(
            f"{path}: {name} is an array of Python objects, which could run code and "
            "is not read; write plain numbers and texts, such as np.array(names, str)"
        )
    if math.prod(shape) * dtype.itemsize > member.file_size:
        raise BadInput(
            f"{path} is damaged: {name} states more numbers than it holds; fetch it "
            "again"
        )
