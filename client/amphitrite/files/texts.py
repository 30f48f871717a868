"""Text from files and names, made fit for the formats that it is written into.

In every format control characters, line feeds, characters that reverse the direction of
writing, and bytes of a name that are not UTF-8 become escapes (see
`amphitrite.shown.shown`), so that no writer fails at a name and no terminal obeys it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import numpy as np
from astropy.table import Column, QTable

from amphitrite.shown import shown

_FORMULA: Final = ("=", "+", "-", "@")


def line_text(text: str) -> str:
    """Return a text for VOTable, ECSV, Parquet and plain text, on one line."""
    return shown(text).replace("\n", r"\n").replace("\t", r"\t")


def fits_text(text: str) -> str:
    r"""Return a text for a FITS header or table, which hold printable ASCII alone.

    Other characters become Python's escapes, such as ``\xe9`` for U+00E9 and ``\n``;
    a byte E9 of a name that is not UTF-8 becomes ``\udce9`` (PEP 383).

    References
    ----------
    FITS standard 4.0, section 4.2.1, https://fits.gsfc.nasa.gov/fits_standard.html
    """
    return "".join(
        char if " " <= char <= "~" else char.encode("unicode_escape").decode()
        for char in text
    )


def cell_text(text: str) -> str:
    """Return a text for a cell of a CSV file, which no spreadsheet takes for a formula.

    An apostrophe is put before a text that begins with ``=``, ``+``, ``-`` or ``@``,
    unless it is a number.

    References
    ----------
    OWASP, CSV Injection, https://owasp.org/www-community/attacks/CSV_Injection
    """
    text = line_text(text)
    return f"'{text}" if text.startswith(_FORMULA) and not _is_number(text) else text


def with_texts(table: QTable, change: Callable[[str], str]) -> QTable:
    """Return a table whose columns of text are changed; the others are not copied.

    Parameters
    ----------
    table : astropy.table.QTable
        The table, which stays as it is.
    change : callable
        Returns the changed text.
    """
    copy = QTable(table, copy=False)
    for name in table.colnames:
        column = table[name]
        if isinstance(column, Column) and column.dtype.kind == "U":
            given = column.tolist()
            texts = [change(text) for text in given]
            if texts == given:  # keeps the column's width too
                continue
            new = Column(np.array(texts, dtype=str))
            new.info.description, new.info.meta = column.description, column.meta
            copy.replace_column(name, new)
    return copy


def changed(entries: Mapping[str, Any], change: Callable[[str], str]) -> dict[str, Any]:
    """Return named values with their texts changed."""
    return {
        name: change(value) if isinstance(value, str) else value
        for name, value in entries.items()
    }


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
