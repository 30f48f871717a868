"""FITS header cards that record provenance."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from astropy.io import fits

from amphitrite.files.texts import fits_text

_KEYWORD: Final = re.compile(r"[A-Z0-9_-]{1,8}")


def provenance_cards(entries: Mapping[str, str | int | float]) -> fits.Header:
    """Return named values as FITS header cards.

    Parameters
    ----------
    entries : mapping
        Values by name.  A name of up to eight letters and digits becomes a keyword
        (in capitals; long values continue over several cards), any other one a
        ``HISTORY`` line "name: value".  Characters that FITS does not allow are
        written as escapes, see `amphitrite.files.texts.fits_text`.

    Returns
    -------
    astropy.io.fits.Header
        The cards.
    """
    header = fits.Header()
    for name, value in entries.items():
        if isinstance(value, str):
            value = fits_text(value)
        if _KEYWORD.fullmatch(name.upper()):
            header[name.upper()] = value
        else:
            header.add_history(f"{name}: {value}")
    return header
