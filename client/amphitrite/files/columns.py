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
        The unit in the FITS standard's notation; empty for a pure number.
    ucd : str
        IVOA Unified Content Descriptor (UCD1+).
    description : str
        One line for a reader.
    """

    name: str
    dtype: str
    unit: str
    ucd: str
    description: str


def join_flags(applies: Mapping[str, Any], n: int) -> NDArray[np.str_]:
    """Return the flags of each row as one text.

    Parameters
    ----------
    applies : mapping of str to bool or (n,) ndarray of bool
        Where each flag applies; one truth stands for all rows.
    n : int
        How many rows.

    Returns
    -------
    (n,) ndarray of str
        Joined by commas, in the order given.
    """
    rows = {flag: np.broadcast_to(where, n) for flag, where in applies.items()}
    return np.array(
        [
            ",".join(flag for flag, where in rows.items() if where[row])
            for row in range(n)
        ],
        dtype=str,
    )
