"""One unit for the four bands, whose pixels the network compares with each other."""

from __future__ import annotations

import re
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from astropy import units as u

from amphitrite.errors import BadInput
from amphitrite.files.choices import Choices
from amphitrite.files.images import Image

_QUANTA: Final = {
    **dict.fromkeys(("e", "e-", "electron", "electrons"), u.electron),
    **dict.fromkeys(("ct", "cts", "count", "counts"), u.ct),
    **dict.fromkeys(("dn", "dns", "adu", "adus"), u.adu),
    **dict.fromkeys(("ph", "photon", "photons"), u.ph),
}
# What observatories write beside the standard: ELECTRONS/S, e-/s, counts/sec, DN.
_QUANTA_PER_TIME: Final = re.compile(
    r"(?P<what>e-?|[a-z]+)\s*(?P<rate>(/|per)\s*s(ec(ond)?s?)?|\s[\s.*]*s(\*\*|\^)?-1)?"
)


@dataclass(frozen=True)
class Conversion:
    """The unit of a band, and the factor that brings its pixels into it.

    Parameters
    ----------
    unit : str
        As ``BUNIT`` writes it; empty if no band has one.
    factor : float
        Multiplies the pixels; 1 where nothing is converted.
    """

    unit: str
    factor: float = 1.0


def conversions(images: Mapping[str, Image], choices: Choices) -> dict[str, Conversion]:
    """Return what brings every band into one unit.

    Parameters
    ----------
    images : mapping of str to Image
        The bands; the unit of the first that has one (``BUNIT``) is preferred, but that
        of a rate before that of a number of counts.
    choices : Choices
        Told of every conversion, and of bands without a unit.

    Returns
    -------
    dict of str to Conversion
        By band.

    Raises
    ------
    BadInput
        Units cannot be converted into each other, are logarithmic, or need an exposure
        time (``EXPTIME``) that the headers lack.
    """
    texts = {band: image.card("BUNIT") for band, image in images.items()}
    units = {band: parse(text) for band, text in texts.items() if text}
    for band, unit in units.items():
        if _is_logarithmic(unit):
            raise BadInput(
                f"{images[band].label} is in {texts[band]}, which is not linear; give "
                "images of a flux"
            )
    if not units:
        return dict.fromkeys(images, Conversion(""))
    first = _reference(units)
    target = Conversion(texts[first])
    found = dict.fromkeys(images, target)
    for band, unit in units.items():
        if unit == units[first]:
            continue
        factor, how = _factor(images[band], unit, units[first], _all(images, texts))
        found[band] = Conversion(target.unit, factor)
        choices.say(
            f"{images[band].label} is converted from {texts[band]} to {target.unit}: "
            + how
        )
    if lacking := [image.label for band, image in images.items() if not texts[band]]:
        choices.say(
            f"no unit (BUNIT) in {', '.join(lacking)}: taken to be in {target.unit}, "
            f"as {images[first].label} is"
        )
    return found


def parse(text: str) -> u.UnitBase | str:
    """Return a unit as astropy knows it; the text in small letters if it does not.

    Parameters
    ----------
    text : str
        A ``BUNIT``, with the spellings of numbers of electrons and counts that are
        common beside those of the FITS standard.
    """
    plain = " ".join(text.lower().split())
    if plain == "cps":
        return u.ct / u.s
    found = _QUANTA_PER_TIME.fullmatch(plain)
    if found and found["what"] in _QUANTA:
        quantum = _QUANTA[found["what"]]
        return quantum / u.s if found["rate"] else quantum
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", u.UnitsWarning)
        for notation in ("fits", "generic"):
            try:
                return u.Unit(text, format=notation)
            except (ValueError, TypeError):
                continue
    return plain


def _is_logarithmic(unit: Any) -> bool:
    """Return whether a unit is that of a magnitude or another logarithm."""
    if isinstance(unit, str):
        return bool(re.match(r"mag|dex|log", unit))
    if isinstance(unit, u.function.FunctionUnitBase):
        return True
    return bool({u.mag, u.dex, u.dB} & {*unit.bases, unit})


def _reference(units: Mapping[str, Any]) -> str:
    """Return the band whose unit all are brought into."""
    first, *others = units
    for other in others:
        if _differ_by_time(units[first], units[other]):
            return other
    return first


def _differ_by_time(unit: Any, target: Any) -> bool:
    """Return whether a unit is another one times a time."""
    if isinstance(unit, str) or isinstance(target, str):
        return False
    return bool((unit / target).is_equivalent(u.s))


def _factor(image: Image, unit: Any, target: Any, bands: str) -> tuple[float, str]:
    """Return the factor between two different units, and how it comes about."""
    if _differ_by_time(unit, target):
        seconds = _exposure(image)
        if seconds is None:
            raise BadInput(
                f"the bands are not in one unit, and {image.label} has no exposure "
                f"time (EXPTIME) to convert it:\n{bands}\nDivide it by its exposure "
                "time and set BUNIT."
            )
        factor = float((unit / target).to(u.s)) / seconds
        return factor, f"divided by its EXPTIME of {seconds:g} s"
    known = not (isinstance(unit, str) or isinstance(target, str))
    if known and unit.is_equivalent(target):
        factor = float(unit.to(target))
        return factor, f"multiplied by {factor:g}"
    raise BadInput(
        f"the bands are not in one unit, and theirs cannot be converted:\n{bands}\n"
        "Bring all four into one linear unit and set BUNIT."
    )


def _exposure(image: Image) -> float | None:
    """Return the exposure time in seconds; None where the headers have none."""
    try:
        seconds = float(image.card("EXPTIME"))
    except ValueError:
        return None
    return seconds if np.isfinite(seconds) and seconds > 0 else None


def _all(images: Mapping[str, Image], texts: Mapping[str, str]) -> str:
    """Return the bands with their units and files as lines."""
    return "\n".join(
        f"  {band} in {texts[band] or '(no BUNIT)'} ({image.label})"
        for band, image in images.items()
    )
