"""Which star a light curve file shows, and in which sectors."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from amphitrite.errors import BadInput
from amphitrite.surveys.calnet.prepare.headers import Headers
from amphitrite.surveys.calnet.prepare.missions import MISSIONS, TESS, Mission
from amphitrite.surveys.calnet.prepare.segments import split

_HIGHEST_NUMBER: Final = 2**53  # of a star; up to it float64, as in journals, is exact
_NAMED = re.compile(r"(TIC|KIC|EPIC)[\s_-]*(\d+)", re.IGNORECASE)
_NUMBERED = re.compile(r"(\d+)(\.0*)?")
_SECTORS: Final = ("SECTOR", "QUARTER", "CAMPAIGN")

OBJECT: Final = "the star was taken from OBJECT, since there is no TICID or KEPLERID"
BY_DATE: Final = (
    "the file holds several sectors, which were found from the dates of the points"
)


def star(headers: Headers, path: Path) -> tuple[Mission, int, tuple[str, ...]]:
    """Return the mission that observed a star, and the star's number.

    Parameters
    ----------
    headers : Headers
        The headers of the file.
    path : Path
        The file, for messages.

    Returns
    -------
    mission : Mission
        The mission, whose catalogue the number belongs to.
    number : int
        From ``TICID`` or ``KEPLERID``; else from ``OBJECT``, such as ``TIC 117544915``,
        or a number beside ``MISSION``.
    notes : tuple of str
        `OBJECT`, if that was used.

    Raises
    ------
    BadInput
        There is no usable number.
    """
    mission = _mission(headers)
    if number := _number(headers, TESS.number):
        return TESS, number, ()
    if mission and mission is not TESS:
        if number := _number(headers, mission.number):
            return mission, number, ()
    text = headers.text("OBJECT")
    if found := _NAMED.fullmatch(text):
        named = {mission.catalogue: mission for mission in MISSIONS}
        mission, text = named[found[1].upper()], found[2]
    if mission and (number := _valid(text)):
        return mission, number, (OBJECT,)
    raise BadInput(
        f"{path} does not say which star it shows: it has no usable TICID (TESS) or "
        "KEPLERID (Kepler, K2), nor an OBJECT such as 'TIC 117544915'; write one into "
        "its header, or leave it out"
    )


def sectors(
    headers: Headers, mission: Mission, jd: NDArray[np.float64]
) -> tuple[tuple[int, ...], tuple[str, ...]]:
    """Return the numbers of the sectors, quarters or campaigns of a light curve.

    Parameters
    ----------
    headers : Headers
        The headers of the file.
    mission : Mission
        The mission.
    jd : (n,) ndarray of float64
        Julian Dates of the points, increasing.

    Returns
    -------
    numbers : tuple of int
        From ``SECTOR``, ``QUARTER`` or ``CAMPAIGN``; 0 without one.  If the points
        cover more time than a sector lasts, as in a file that was stitched, from their
        dates, 0 for sectors whose dates are not known.
    notes : tuple of str
        `BY_DATE`, if they were.
    """
    stated = next((found for key in _SECTORS if (found := headers.integers(key))), (0,))
    if jd[-1] - jd[0] < mission.longest or len(stated) > 1:
        return stated, ()
    # The middle of a stretch is in a sector, even if that begins at another hour.
    middles = np.array([0.5 * (jd[p.start] + jd[p.stop - 1]) for p in split(jd)])
    return tuple(map(int, np.unique(mission.sectors(middles)))), (BY_DATE,)


def _mission(headers: Headers) -> Mission | None:
    name = (headers.text("MISSION") or headers.text("TELESCOP")).upper()
    return next((one for one in MISSIONS if one.name.upper() == name), None)


def _number(headers: Headers, key: str) -> int:
    text = headers.text(key)
    found = _NAMED.fullmatch(text)
    return _valid(found[2] if found else text)


def _valid(text: str) -> int:
    """Return a star's number in a text; 0 if it is none."""
    found = _NUMBERED.fullmatch(text)
    number = int(found[1]) if found and len(found[1]) < 20 else 0
    return number if number < _HIGHEST_NUMBER else 0
