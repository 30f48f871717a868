"""The cuts with which an event file was selected, from its DSS keywords.

The tools of the Fermi mission write the selection (energies, a circle on the sky, event
classes) into the data sub-space keywords ``DSTYPn``, ``DSUNIn`` and ``DSVALn``, see
https://fermi.gsfc.nasa.gov/ssc/data/analysis/documentation/Cicerone/
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from astropy import units
from astropy.io import fits

from amphitrite.errors import BadInput
from amphitrite.surveys.asid.prepare.coverage import Channel

ADVISED_ZENITH: Final = 90.0
"""Largest zenith angle in deg that the mission recommends at 100 MeV and above.

Photons from further down are mostly those of the Earth's limb, at 113 deg.
https://fermi.gsfc.nasa.gov/ssc/data/analysis/documentation/Pass8_usage.html
"""

# deg.  The widest cut of the mission's own catalogues (3FHL; 4FGL above 1 GeV).
_WIDEST_ZENITH: Final = 105.0
_CIRCLE: Final = re.compile(r"CIRCLE\(([^,]+),([^,]+),([^,)]+)\)", re.IGNORECASE)


@dataclass(frozen=True)
class Cone:
    """A circle on the sky: centre (ICRS) and radius in deg."""

    ra: float
    dec: float
    radius: float


@dataclass(frozen=True)
class Cuts:
    """The cuts with which an event file was selected.

    Parameters
    ----------
    energies : tuple of Channel or None
        Disjoint intervals in MeV, in increasing order; None if there is no cut.
    cones : tuple of Cone
        Circles; every photon lies in all of them.
    others : tuple of str
        The other cuts that change the exposure, as in the file (event class and type,
        zenith angle, ...).  Times are left out, since they differ from week to week.
    zenith : float
        Largest zenith angle in deg; 180 if there is no cut.
    """

    energies: tuple[Channel, ...] | None
    cones: tuple[Cone, ...]
    others: tuple[str, ...]
    zenith: float = 180.0

    @property
    def admits_limb(self) -> bool:
        """Whether photons of the Earth's limb may be among the selected ones."""
        return self.zenith > _WIDEST_ZENITH

    def __str__(self) -> str:
        """Return all cuts as a text for messages."""
        energies = ", ".join(
            f"ENERGY {c.low:g}:{c.high:g} MeV" for c in self.energies or ()
        )
        cones = [f"CIRCLE({c.ra:g},{c.dec:g},{c.radius:g})" for c in self.cones]
        parts = [energies or "no ENERGY cut", *(cones or ["no position cut"])]
        return "; ".join([*parts, *self.others])


def read_cuts(header: fits.Header, *, name: str) -> Cuts:
    """Return the cuts in the header of an EVENTS table.

    Parameters
    ----------
    header : astropy.io.fits.Header
        Header with or without DSS keywords.
    name : str
        The file's name, for messages.

    Raises
    ------
    BadInput
        A cut on energy, position or zenith angle is not understood, or the cuts select
        no energy.
    """
    energies: tuple[Channel, ...] | None = None
    cones, others, zenith = set(), set(), 180.0
    for kind, unit, value in _triplets(header):
        if kind == "ENERGY":
            ranges = _energies(value, unit, name)
            energies = ranges if energies is None else _common(energies, ranges)
        elif kind.startswith("POS("):
            cones.add(_cone(kind, value, name))
        elif kind == "ZENITH_ANGLE":
            zenith = min(zenith, _highest(value, unit, name))
            others.add(f"{kind} {value}")
        elif kind != "TIME":
            others.add(f"{kind} {value.upper()}")
    if energies == ():
        raise BadInput(
            f"the DSS keywords of {name} select no energy at all: the ranges of its "
            "ENERGY cuts have nothing in common.\nSelect the events again."
        )
    if zenith >= 180:  # such a cut selects all photons
        others = {cut for cut in others if not cut.startswith("ZENITH_ANGLE")}
    ordered = sorted(cones, key=lambda cone: (cone.radius, cone.ra, cone.dec))
    return Cuts(energies, tuple(ordered), tuple(sorted(others)), zenith)


def _triplets(header: fits.Header) -> Iterator[tuple[str, str, str]]:
    """Yield type, unit and value of each cut, without spaces."""
    for keyword, kind in header["DSTYP*"].items():
        number = keyword.removeprefix("DSTYP")
        yield (
            str(kind).replace(" ", "").upper(),
            str(header.get(f"DSUNI{number}", "")).strip(),
            str(header.get(f"DSVAL{number}", "")).replace(" ", ""),
        )


def _energies(value: str, unit: str, name: str) -> tuple[Channel, ...]:
    """Return the ranges in ``low:high[,low:high...]`` in MeV; an end may be empty."""
    ranges = []
    try:
        factor = float(units.Unit(unit or "MeV").to("MeV"))
        for item in value.split(","):
            low, high = item.split(":")
            # Rounded, so that 0.3 GeV equals 300 MeV when cuts are compared.
            channel = Channel(
                round(float(low or 0) * factor, 6),
                round(float(high or "inf") * factor, 6),
            )
            if not 0 <= channel.low < channel.high:
                raise ValueError(f"{item} is no rising range")
            ranges.append(channel)
    except (ValueError, TypeError) as error:
        raise BadInput(
            f"the ENERGY cut in the DSS keywords of {name} is not understood: received "
            f"DSVAL = {value!r}, DSUNI = {unit!r} ({error}).\nExpected is 'low:high', "
            "such as '300:20000', in MeV, GeV or keV; correct the keywords."
        ) from error
    return _merged(ranges)


def _highest(value: str, unit: str, name: str) -> float:
    """Return the largest angle in ``low:high[,low:high...]`` in deg."""
    try:
        factor = float(units.Unit(unit.lower() or "deg").to("deg"))
        ends = [item.split(":")[1] for item in value.split(",")]
        return max(float(end or "inf") * factor for end in ends)
    except (ValueError, TypeError, IndexError) as error:
        raise BadInput(
            f"the cut on ZENITH_ANGLE in the DSS keywords of {name} is not understood: "
            f"received DSVAL = {value!r}, DSUNI = {unit!r} ({error}).\nExpected is "
            "'low:high', such as '0:90', in deg; correct the keywords."
        ) from error


def _merged(ranges: Sequence[Channel]) -> tuple[Channel, ...]:
    """Return ranges in increasing order, joined where they touch or overlap."""
    joined: list[Channel] = []
    for channel in sorted(ranges, key=lambda c: c.low):
        if joined and channel.low <= joined[-1].high:
            last = joined.pop()
            channel = Channel(last.low, max(last.high, channel.high))
        joined.append(channel)
    return tuple(joined)


def _common(a: Sequence[Channel], b: Sequence[Channel]) -> tuple[Channel, ...]:
    """Return the intersection of two sets of ranges."""
    both = [Channel(max(x.low, y.low), min(x.high, y.high)) for x in a for y in b]
    return _merged([channel for channel in both if channel.low < channel.high])


def _cone(kind: str, value: str, name: str) -> Cone:
    """Return the circle in ``CIRCLE(ra,dec,radius)``."""
    match = _CIRCLE.fullmatch(value)
    try:
        if kind != "POS(RA,DEC)" or match is None:
            raise ValueError("not a circle in RA and DEC")
        ra, dec, radius = (float(number) for number in match.groups())
        if not (abs(dec) <= 90 and 0 < radius and abs(ra) <= 360):
            raise ValueError("not an angle on the sky")
    except ValueError as error:
        raise BadInput(
            f"the position cut in the DSS keywords of {name} is not understood: "
            f"received {kind} = {value!r} ({error}).\nOnly POS(RA,DEC) = "
            "'CIRCLE(ra,dec,radius)' in deg is; select the events in a circle."
        ) from error
    return Cone(ra % 360, dec, min(radius, 180.0))
