"""Reference frames of the columns of catalogues, as VOTable and FITS declare them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from astropy.io.votable.tree import CooSys, TimeSys

ICRS: Final = "ICRS"
GALACTIC: Final = "galactic"
BTJD: Final = "BTJD"


@dataclass(frozen=True)
class TimeFrame:
    """A zero point, time scale and place of times in days.

    Parameters
    ----------
    origin_jd : float
        The Julian date at which the times are 0.
    scale : str
        The time scale.
    place : str
        Where the times of arrival of light are meant.
    """

    origin_jd: float
    scale: str
    place: str


SKY: Final = (ICRS, GALACTIC)
"""Frames of positions, named as in VOTable's COOSYS."""
TIMES: Final = {BTJD: TimeFrame(2457000.0, "TDB", "BARYCENTER")}
"""Frames of times by name; BTJD is the date of the TESS mission."""

_MJD_ZERO: Final = 2400000.5  # Julian date
_VOTABLE: Final = {"version_1_4_or_later": True}  # what astropy writes


def sky_systems(frames: Iterable[str]) -> list[CooSys]:
    """Return COOSYS elements for a VOTable, whose ID is the frame's name."""
    return [CooSys(ID=frame, system=frame) for frame in SKY if frame in set(frames)]


def time_systems(frames: Iterable[str]) -> list[TimeSys]:
    """Return TIMESYS elements for a VOTable, whose ID is the frame's name."""
    return [
        TimeSys(
            ID=name,
            timeorigin=frame.origin_jd,
            timescale=frame.scale,
            refposition=frame.place,
            config=_VOTABLE,
        )
        for name, frame in TIMES.items()
        if name in set(frames)
    ]


def fits_cards(frames: Iterable[str]) -> dict[str, str | int | float]:
    """Return the cards that declare frames in the header of a FITS table.

    Parameters
    ----------
    frames : iterable of str
        The frames of the table's columns; of several times, they have one.

    Returns
    -------
    dict
        ``RADESYS`` for equatorial coordinates; ``TIMESYS``, ``MJDREFI`` and
        ``MJDREFF`` (days), ``TREFPOS`` and ``TIMEUNIT`` for times.  FITS has no card
        for Galactic coordinates, which are of one frame.
    """
    cards: dict[str, str | int | float] = {}
    found = set(frames)
    if ICRS in found:
        cards["RADESYS"] = ICRS
    for frame in (TIMES[name] for name in TIMES if name in found):
        days, fraction = divmod(frame.origin_jd - _MJD_ZERO, 1)
        cards |= {
            "TIMESYS": frame.scale,
            "MJDREFI": int(days),
            "MJDREFF": fraction,
            "TREFPOS": frame.place,
            "TIMEUNIT": "d",
        }
    return cards
