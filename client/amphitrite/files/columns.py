"""The columns of a catalogue, each declared once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Column:
    """One catalogue column.

    Parameters
    ----------
    name : str
        Lower-case name, as written to every format.
    dtype : str
        A numpy dtype name; strings are ``"str"``.
    unit : str
        The unit as the FITS standard writes it; empty for a pure number.
    ucd : str
        IVOA Unified Content Descriptor (UCD1+).
    description : str
        One line that explains the column.
    frame : str
        Reference frame of a position or time, of those in `amphitrite.files.frames`;
        empty for other columns.
    """

    name: str
    dtype: str
    unit: str
    ucd: str
    description: str
    frame: str = ""


def join_flags(applies: Mapping[str, Any], n: int) -> NDArray[np.str_]:
    """Return the names of the flags that apply to each row, as one text per row.

    Parameters
    ----------
    applies : mapping of str to bool or (n,) ndarray of bool
        Rows to which each flag applies; a single bool is for all rows.
    n : int
        Number of rows.

    Returns
    -------
    (n,) ndarray of str
        Names joined by commas, in the order of `applies`; empty where none applies.
    """
    rows = {flag: np.broadcast_to(where, n) for flag, where in applies.items()}
    return np.array(
        [
            ",".join(flag for flag, where in rows.items() if where[row])
            for row in range(n)
        ],
        dtype=str,
    )
