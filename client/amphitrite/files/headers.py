"""A check of FITS headers before astropy interprets them."""

from __future__ import annotations

import math
import os
import re
from pathlib import Path
from typing import IO, Final

from amphitrite.errors import BadInput
from amphitrite.files import foreign

_MOST: Final = 999
"""Axes and columns that the FITS standard 4.0 allows (4.4.1.1, 7.2.1 and 7.3.1)."""
_COUNTED: Final = {"NAXIS": "axes", "TFIELDS": "columns"}
_BLOCK: Final = 2880
_CARD: Final = 80
_FARTHEST: Final = 1 << 60  # bytes, beyond the end of any file
_MOST_BLOCKS: Final = 10_000  # of a header; 360,000 cards
_SIZES: Final = re.compile(
    rb"(BITPIX|NAXIS\d*|PCOUNT|GCOUNT|TFIELDS) *= *([+-]?\d+) *(?:/|$)"
)


def check_headers(path: Path, file: IO[bytes]) -> None:
    """Refuse files of other formats, and more axes or columns than FITS allows.

    astropy looks for the keywords of each, which would take minutes.  What else may be
    wrong is left to whoever reads the file.

    Parameters
    ----------
    path : Path
        The file as the user named it.
    file : file
        Its content, unpacked, or the beginning of it; read from where it stands.

    Raises
    ------
    BadInput
        The file is not FITS, or a header states more than 999 axes or columns.
    """
    start = file.read(foreign.BYTES)
    if found := foreign.content(start):
        raise BadInput(f"{path} is not a FITS file: {found}")
    file.seek(-len(start), os.SEEK_CUR)
    while sizes := _next_sizes(file):
        for name, what in _COUNTED.items():
            if (n := sizes.get(name, 0)) > _MOST:
                raise BadInput(
                    f"{path} is damaged: a header has {n} {what}, and FITS allows "
                    f"{_MOST}; copy the file again"
                )
        file.seek(_data_bytes(sizes), os.SEEK_CUR)


def _next_sizes(file: IO[bytes]) -> dict[str, int]:
    """Return the keywords of the next header that state sizes; none at the end."""
    sizes: dict[str, int] = {}
    for _ in range(_MOST_BLOCKS):
        block = file.read(_BLOCK)
        if len(block) < _BLOCK:
            return {}
        for place in range(0, _BLOCK, _CARD):
            card = block[place : place + _CARD]
            if card.startswith(b"END "):
                return sizes
            if found := _SIZES.match(card):
                sizes[found[1].decode()] = int(found[2])
    return {}


def _data_bytes(sizes: dict[str, int]) -> int:
    """Return the size of the data after a header, in whole blocks."""
    axes = range(1, sizes.get("NAXIS", 0) + 1)
    values = math.prod(sizes.get(f"NAXIS{axis}", 0) for axis in axes) if axes else 0
    values = sizes.get("GCOUNT", 1) * (sizes.get("PCOUNT", 0) + values)
    size = abs(sizes.get("BITPIX", 8)) // 8 * max(values, 0)
    return min(-(-size // _BLOCK) * _BLOCK, _FARTHEST)
