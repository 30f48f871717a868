"""Reference frames of the columns of catalogues, as VOTable and FITS declare them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from astropy.io.votable.tree import CooSys, TimeSys
from astropy.time import Time

ICRS: Final = "ICRS"
GALACTIC: Final = "galactic"
BTJD: Final = "BTJD"


@dataclass(frozen=True)
class TimeFrame:
    """A zero point, time scale, place and unit of times.

    Parameters
    ----------
    origin_jd : float
        The Julian date at which the times are 0.
    scale : str
        The time scale.
    place : str
        Where the times of arrival of light are meant; ``"UNKNOWN"`` if it is not known.
    unit : str
        The unit of the times.
    """

    origin_jd: float
    scale: str
    place: str
    unit: str = "d"


SKY: Final = (ICRS, GALACTIC)
"""Frames of positions, named as in VOTable's COOSYS."""
TIMES: Final = {BTJD: TimeFrame(2457000.0, "TDB", "BARYCENTER")}
"""Frames of times by name; BTJD is the date of the TESS mission."""

_SECONDS: Final = "s since "
_UNKNOWN: Final = "UNKNOWN"
_MJD_ZERO: Final = 2400000.5  # Julian date
_VOTABLE: Final = {"version_1_4_or_later": True}  # what astropy writes


def seconds_since(zero: str) -> str:
    """Return the name of the frame of seconds since a zero point.

    Parameters
    ----------
    zero : str
        The zero point in ISO 8601, with its time scale, such as
        ``"1980-01-06T00:00:19 TAI"``.
    """
    return _SECONDS + zero


def _time_frame(name: str) -> TimeFrame | None:
    """Return the frame of times of a name; None for other frames."""
    if not name.startswith(_SECONDS):
        return TIMES.get(name)
    instant, scale = name.removeprefix(_SECONDS).split()
    origin = Time(instant, scale=scale.lower()).jd
    return TimeFrame(float(origin), scale, _UNKNOWN, "s")


def _time_frames(names: Iterable[str]) -> dict[str, TimeFrame]:
    """Return the frames of times among some names."""
    found = {name: _time_frame(name) for name in dict.fromkeys(names)}
    return {name: frame for name, frame in found.items() if frame is not None}


def identifier(frame: str) -> str:
    """Return the ID of a frame in a VOTable, which has no spaces or colons."""
    return "seconds" if frame.startswith(_SECONDS) else frame


def sky_systems(frames: Iterable[str]) -> list[CooSys]:
    """Return COOSYS elements for a VOTable, whose ID is the frame's name."""
    return [CooSys(ID=frame, system=frame) for frame in SKY if frame in set(frames)]


def time_systems(frames: Iterable[str]) -> list[TimeSys]:
    """Return TIMESYS elements for a VOTable; see `identifier`."""
    return [
        TimeSys(
            ID=identifier(name),
            timeorigin=frame.origin_jd,
            timescale=frame.scale,
            refposition=frame.place,
            config=_VOTABLE,
        )
        for name, frame in _time_frames(frames).items()
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
        ``MJDREFF`` (days), ``TIMEUNIT`` and, if it is known, ``TREFPOS`` for times.
        FITS has no card for Galactic coordinates, which are of one frame.
    """
    cards: dict[str, str | int | float] = {}
    found = set(frames)
    if ICRS in found:
        cards["RADESYS"] = ICRS
    for frame in _time_frames(sorted(found)).values():
        days, fraction = divmod(frame.origin_jd - _MJD_ZERO, 1)
        cards |= {
            "TIMESYS": frame.scale,
            "MJDREFI": int(days),
            "MJDREFF": fraction,
            "TIMEUNIT": frame.unit,
        }
        if frame.place != _UNKNOWN:
            cards["TREFPOS"] = frame.place
    return cards
