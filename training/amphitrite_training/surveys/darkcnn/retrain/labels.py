"""What a user's file says of a cluster: its cross-section, and its group."""

from __future__ import annotations

import math
import re
import warnings
from collections.abc import Mapping
from typing import Final

import numpy as np
from astropy import constants
from astropy import units as u

from amphitrite.errors import BadInput
from amphitrite.surveys.darkcnn.page import CROSS_SECTIONS
from amphitrite.surveys.darkcnn.prepare.cluster import Said

LARGEST: Final = 100.0
"""The largest cross-section that is taken for one, cm2/g."""
UNIT: Final = u.cm**2 / u.g

_MODEL: Final = re.compile(
    r"(?:(?P<none>cdm)|sidm[_\- ]?(?P<value>\d+(?:\.\d*)?))(?:[_\- ].*)?", re.IGNORECASE
)
_QUANTITY: Final = re.compile(r"([-+.\deE]+)\s*(.*)")
_UNITS: Final = ("{}_unit", "{}_units", "{}unit", "{}_u")


def cross_section(
    said: Mapping[str, Said], label: str, unit: str, name: str
) -> float | None:
    """Return the cross-section of a cluster in cm2/g.

    Parameters
    ----------
    said : mapping of str to str, int or float
        What its file says, by name in small letters.
    label : str
        The name of the label.  It is a number, a number with a unit, or the name of a
        model: ``CDM`` or such as ``SIDM0.1``, also ``SIDM0.1_low``.
    unit : str
        Its unit, where the user states it; else it is looked for under such names as
        ``sigma_unit``, and cm2/g if there is none.
    name : str
        The cluster, for messages.

    Returns
    -------
    float or None
        None where the label is missing: not a number.  A value of
        `amphitrite.surveys.darkcnn.page.CROSS_SECTIONS` up to rounding is that value.

    Raises
    ------
    BadInput
        There is no such label, it is no cross-section, or its unit is not that of one.
    """
    key = label.lower()
    if key not in said:
        raise BadInput(
            f"{name} has no '{label}'; give --labels one of what is said of it: "
            f"{', '.join(sorted(said)) or 'nothing'}"
        )
    value = said[key]
    stated = unit or next(
        (str(said[n]) for form in _UNITS if (n := form.format(key)) in said), ""
    )
    if isinstance(value, str):
        if model := _MODEL.fullmatch(value.strip()):
            return 0.0 if model["none"] else _snapped(float(model["value"]))
        number, own = _parts(value, f"'{label}' of {name}")
        stated = unit or own or stated
    else:
        number = float(value)
    if math.isnan(number):
        return None
    found = number * _factor(stated, f"'{label}' of {name}")
    if not 0 <= found <= LARGEST:
        raise BadInput(
            f"'{label}' of {name} is {number:g}{stated and ' ' + stated}, which is "
            f"no cross-section: needed are 0 to {LARGEST:g} cm2/g. For another unit "
            "give --labels-unit; a logarithm must be undone first"
        )
    return _snapped(found)


def group(said: Mapping[str, Said], key: str, name: str) -> str:
    """Return the name of the group of a cluster.

    Parameters
    ----------
    said, name
        See `cross_section`.
    key : str
        The name under which the group is said.

    Raises
    ------
    BadInput
        It is not said.
    """
    value = said.get(key.lower(), "")
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    text = str(value).strip()
    if not text or text == "nan":
        raise BadInput(
            f"{name} has no '{key}'; give --group the name of what all maps of one "
            f"simulated cluster share, one of: {', '.join(sorted(said)) or 'nothing'}"
        )
    return text


def _parts(text: str, what: str) -> tuple[float, str]:
    """Return the number and the unit of a text."""
    found = _QUANTITY.fullmatch(text.strip())
    try:
        if found is None:
            raise ValueError(text)
        return float(found[1]), found[2]
    except ValueError:
        raise BadInput(
            f"{what} is '{text}'; needed is a cross-section, as a number, with or "
            "without a unit, or as the name of a model: CDM or such as SIDM0.1"
        ) from None


def _factor(unit: str, what: str) -> float:
    """Return what turns a cross-section per mass into cm2/g."""
    if not unit.strip():
        return 1.0
    try:
        with warnings.catch_warnings(action="ignore", category=u.UnitsWarning):
            found = u.Unit(unit.strip())
        if found.is_equivalent(u.cm**2 / u.J):  # a mass as its energy
            return float((1 * found * constants.c**2).to_value(UNIT))
        return float(found.to(UNIT))
    except (ValueError, TypeError):
        raise BadInput(
            f"the unit of {what} is '{unit}', which is not that of a cross-section per "
            "mass; write it like cm2/g, m2/kg or barn/GeV, with --labels-unit or in "
            "the file"
        ) from None


def _snapped(value: float) -> float:
    """Return the cross-section of a class where a value is it up to rounding."""
    for known in CROSS_SECTIONS:
        if np.isclose(value, known, rtol=1e-5, atol=1e-9):
            return known
    return value
