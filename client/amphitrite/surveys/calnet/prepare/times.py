"""The time axis of a light curve file.

The standard of FITS (Rots et al. 2015, A&A 574, A36, doi:10.1051/0004-6361/201424653)
has the unit in ``TUNITn`` or ``TIMEUNIT``, the scale in ``TCTYPn`` or ``TIMESYS`` and
the zero point in ``JDREF`` or ``MJDREF``.  TESS and Kepler have ``BJDREFI`` and
``BJDREFF``, lightkurve the name of the zero point in the unit (``btjd``).  A zero point
counts only if it puts the times into the life of the mission.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from astropy.time import Time
from numpy.typing import NDArray

from amphitrite.errors import BadInput
from amphitrite.surveys.calnet.prepare.headers import Headers
from amphitrite.surveys.calnet.prepare.missions import TESS, Mission

Floats = NDArray[np.float64]

BTJD: Final = TESS.zero
"""Barycentric Julian Date (TDB) in days from which times are counted."""

_MJD: Final = 2400000.5
_PER_DAY: Final = {
    **dict.fromkeys(("d", "day", "days"), 1.0),
    **dict.fromkeys(("h", "hr", "hour", "hours"), 24.0),
    **dict.fromkeys(("min", "mins", "minute", "minutes"), 1440.0),
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), 86400.0),
}
_ZEROS: Final = {"btjd": BTJD, "tjd": BTJD, "bkjd": 2454833.0, "mjd": _MJD}
_FULL: Final = ("jd", "bjd", "hjd", "bjd_tdb")
_SUBTRACTED = re.compile(r"-\s*(24\d{5}(\.\d*)?)")
_BARYCENTRES: Final = ("SOLARSYSTEM", "BARYCENTER", "BARYCENTRE", "SSB")
_SCALES: Final = ("TDB", "TT", "TAI", "UTC", "TCB", "TCG")


@dataclass(frozen=True)
class TimeAxis:
    """The times of the rows of a light curve.

    Parameters
    ----------
    days : (n,) ndarray of float64
        Time in days since the zero point; NaN where there is none.
    zero : float
        The zero point, a Julian Date.
    scale : str
        The scale, one that astropy knows, such as ``"TDB"``.
    inside : (n,) ndarray of bool
        Whether a time lies within the mission's life.
    notes : tuple of str
        What was assumed.
    """

    days: Floats
    zero: float
    scale: str
    inside: NDArray[np.bool_]
    notes: tuple[str, ...]

    def btjd(self, days: Floats) -> Floats:
        """Return BJD (TDB) - 2457000 of times in days since the zero point."""
        shifted: Floats = days + (self.zero - BTJD)
        if self.scale != "TDB":
            time = Time(BTJD, shifted, format="jd", scale=self.scale.lower()).tdb
            shifted = (time.jd1 - BTJD) + time.jd2
        return shifted


def time_axis(table: Any, headers: Headers, mission: Mission, path: Path) -> TimeAxis:
    """Return the time axis of a table.

    Parameters
    ----------
    table : astropy.io.fits.BinTableHDU
        With a column ``TIME`` of numbers, or of pairs whose sum is a Julian Date, as
        astropy writes a `~astropy.time.Time`.
    headers : Headers
        Header of the table, and then the primary one.
    mission : Mission
        The mission; its zero point is used if none is stated.
    path : Path
        The file, for messages.

    Raises
    ------
    BadInput
        The times are no numbers, or no zero point puts them into the mission's life.

    Notes
    -----
    Times of another place than the barycentre are not corrected, but noted.
    """
    values = _numbers(table.data["TIME"], path)
    at = [name.upper() for name in table.columns.names].index("TIME") + 1
    unit = headers.text(f"TUNIT{at}").lower()
    scale, notes = _scale(headers, at)
    notes += _place(headers, at)
    if values.ndim == 2:
        days = (values[:, 0] - BTJD) + values[:, 1]
        zeros = [("JDREF", BTJD + _reference(headers, "JDREF"))]
    else:
        per_day, said = _per_day(headers, unit)
        days, notes = values / per_day, notes + said
        zeros = list(_zeros(headers, unit))
    zero, said = _zero(days, zeros, mission, path)
    inside = _inside(days + zero, mission)
    return TimeAxis(days, zero, scale, inside, notes + said)


def _numbers(column: Any, path: Path) -> Floats:
    """Return times, or pairs of which each sum is one, as numbers."""
    values = np.asarray(column)
    if values.dtype.kind not in "iuf":
        raise BadInput(
            f"{path}: TIME holds no numbers (it begins with {values[:1].tolist()}); "
            "write Julian Dates into it"
        )
    if values.ndim != 1 and not (values.ndim == 2 and values.shape[1] == 2):
        raise BadInput(
            f"{path}: TIME must hold one number a row; received shape {values.shape}"
        )
    return values.astype(np.float64)


def _per_day(headers: Headers, unit: str) -> tuple[float, tuple[str, ...]]:
    """Return how many units of the times make a day; those of ``TUNIT`` come first."""
    words = [word for word in re.split("[^a-z]+", unit) if word in _PER_DAY]
    if not words and unit not in (*_ZEROS, *_FULL):
        words = [
            word for word in [headers.text("TIMEUNIT").lower()] if word in _PER_DAY
        ]
    if not words or _PER_DAY[words[0]] == 1:
        return 1.0, ()
    return _PER_DAY[words[0]], (f"the times were turned from {words[0]} into days",)


def _scale(headers: Headers, at: int) -> tuple[str, tuple[str, ...]]:
    """Return the scale of the times; TDB unless another one is stated."""
    for key in (f"TCTYP{at}", "TIMESYS"):
        scale = headers.text(key).upper()
        if scale == "TDB":
            return scale, ()
        if scale in _SCALES:
            return scale, (f"the times are {scale} and were turned into TDB",)
    stated = headers.text("TIMESYS")
    return "TDB", (f"TIMESYS {stated!r} is not known; TDB was assumed",) * bool(stated)


def _place(headers: Headers, at: int) -> tuple[str, ...]:
    """Return a note if the times are those of another place than the barycentre."""
    for key in ("TIMEREF", f"TRPOS{at}", "TREFPOS"):
        if place := headers.text(key).upper():
            if place in _BARYCENTRES:
                return ()
            return (
                f"{key} is {place}: times that are not those of the barycentre put "
                "epochs off by up to 8 minutes",
            )
    return ()


def _zeros(headers: Headers, unit: str) -> Iterator[tuple[str, float]]:
    """Yield the zero points that a file states, with their names."""
    for key, offset in (("BJDREF", 0.0), ("JDREF", 0.0), ("MJDREF", _MJD)):
        if f"{key}I" in headers or f"{key}F" in headers or key in headers:
            yield key, offset + _reference(headers, key)
    if found := _SUBTRACTED.search(unit):
        yield f"TUNIT {unit!r}", float(found[1])
    elif unit in _ZEROS or unit in _FULL:
        yield f"TUNIT {unit!r}", _ZEROS.get(unit, 0.0)


def _reference(headers: Headers, key: str) -> float:
    """Return a time reference, which is one number or the sum of two; 0 without one."""
    whole = headers.number(key)
    parts = (headers.number(f"{key}I"), headers.number(f"{key}F"))
    return float(np.nansum(parts if not np.isnan(parts).all() else whole))


def _inside(jd: Floats, mission: Mission) -> NDArray[np.bool_]:
    first, last = mission.lifetime
    inside: NDArray[np.bool_] = (jd >= first) & (jd <= last)
    return inside


def _zero(
    days: Floats, stated: list[tuple[str, float]], mission: Mission, path: Path
) -> tuple[float, tuple[str, ...]]:
    """Return the first zero point that puts most times into the mission's life.

    Those that are stated come first, then that of the mission's own files, if none is
    stated, and full Julian Dates.
    """
    tried = stated or [(mission.name, mission.zero)]
    finite = days[np.isfinite(days)]
    if not len(finite):
        return tried[0][1], ()
    middle = np.array([np.median(finite)])
    for name, zero in [*tried, ("full Julian Dates", 0.0)]:
        if _inside(middle + zero, mission).all():
            if (name, zero) == tried[0]:
                return zero, ()
            was = f"not those of {tried[0][0]}" if stated else "no BJDREFI is stated"
            return zero, (f"times are counted from JD {zero:g} ({name}; {was})",)
    first, last = (jd - mission.zero for jd in mission.lifetime)
    said = ", ".join(f"{name} = {zero:.10g}" for name, zero in tried)
    raise BadInput(
        f"{path}: the times, about {middle[0]:.10g} d, lie outside of the life of "
        f"{mission.name} if they are counted from {said}: BJD - {mission.zero:.0f} is "
        f"between {first:.0f} and {last:.0f}; write their zero point into BJDREFI and "
        "BJDREFF (Julian Date), and their unit into TUNIT"
    )
