"""The columns of a catalogue, each declared once."""

from __future__ import annotations

from dataclasses import dataclass


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
