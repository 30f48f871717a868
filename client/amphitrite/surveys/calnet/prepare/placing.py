"""The key by which a star's files stay together when a survey is divided."""

from __future__ import annotations

import io
import re
import warnings
from pathlib import Path
from typing import Final

from astropy.io import fits
from astropy.utils.exceptions import AstropyWarning

from amphitrite.errors import BadInput
from amphitrite.files.compression import plain_name
from amphitrite.files.opening import UNREADABLE
from amphitrite.surveys.calnet.prepare import identity
from amphitrite.surveys.calnet.prepare.contents import contents
from amphitrite.surveys.calnet.prepare.headers import Headers
from amphitrite.surveys.calnet.prepare.missions import K2, KEPLER, TESS

_NAMES: Final = (
    (TESS, re.compile(r"(?:tess|hlsp_).*?(?<!\d)(\d{16})(?!\d).*", re.IGNORECASE)),
    (KEPLER, re.compile(r"kplr(\d{9})(?!\d).*", re.IGNORECASE)),
    (K2, re.compile(r"ktwo(\d{9})(?!\d).*", re.IGNORECASE)),
)
"""Names of the missions' files: the star's number has 16 digits, or 9."""


def star_key(path: Path) -> str:
    """Return the name of the star in a light curve file, such as ``"TIC 117544915"``.

    It is that in a file name of TESS, Kepler or K2, else that in the file's header.
    A file that tells neither has its own name as the key.

    Parameters
    ----------
    path : Path
        The file; it is opened only if its name is none of a mission's.
    """
    name = plain_name(path)
    for mission, pattern in _NAMES:
        if found := pattern.fullmatch(name):
            return f"{mission.catalogue} {int(found[1])}"
    try:
        return _in_header(path)
    except (BadInput, *UNREADABLE):  # the run will say what is wrong with it
        return name


def _in_header(path: Path) -> str:
    """Return the name of the star that a file's headers state."""
    data, _ = contents(path)
    with (
        warnings.catch_warnings(action="ignore", category=AstropyWarning),
        fits.open(io.BytesIO(data), memmap=False, lazy_load_hdus=True) as hdus,
    ):
        headers = [hdu.header for hdu in hdus[:2]]
        mission, number, _ = identity.star(Headers(*headers), path)
    return f"{mission.catalogue} {number}"
