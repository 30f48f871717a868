"""The instrument by which a file was taken: only the Fermi LAT will do."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from astropy.io import fits

from amphitrite.errors import BadInput

_TELESCOPES: Final = ("GLAST", "FERMI")  # names before and after the launch
_INSTRUMENT: Final = "LAT"


def check_instrument(path: Path, *headers: fits.Header) -> bool:
    """Return whether a file is stated to be of the Fermi LAT; refuse other instruments.

    Parameters
    ----------
    path : Path
        The file, for messages.
    *headers : astropy.io.fits.Header
        Where the keywords TELESCOP and INSTRUME are looked for, one after the other.

    Raises
    ------
    BadInput
        The file is of another telescope or instrument.
    """
    telescope, instrument = (_first(key, headers) for key in ("TELESCOP", "INSTRUME"))
    ours = not telescope or any(name in telescope.upper() for name in _TELESCOPES)
    if not ours or (instrument and _INSTRUMENT not in instrument.upper()):
        raise BadInput(
            f"{path} is not of the Fermi LAT: received TELESCOP = {telescope!r}, "
            f"INSTRUME = {instrument!r}.\nOnly photons of the LAT (GLAST, LAT) can be "
            "searched, since the networks know no other instrument."
        )
    return bool(telescope or instrument)


def _first(key: str, headers: tuple[fits.Header, ...]) -> str:
    """Return the first value of a keyword that is not empty, without spaces."""
    values = (str(header.get(key) or "").strip() for header in headers)
    return next((value for value in values if value), "")
