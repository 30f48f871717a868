"""Convergence and surface density, brought into one unit."""

from __future__ import annotations

import math
import re
import warnings
from typing import Final

from astropy import constants
from astropy import units as u
from astropy.cosmology import Planck18

from amphitrite.errors import BadInput
from amphitrite.surveys.darkcnn.page import DENSITY

KAPPA: Final = "kappa"
"""The unit of a convergence."""
MAXIMUM: Final = "maximum"
"""The unit of a map over its own maximum, as the original has them."""

_KAPPAS: Final = {KAPPA, "convergence"}
_MAXIMA: Final = {MAXIMUM, "max", "relative"}
_SURFACE: Final = u.Msun / u.kpc**2
_SUNS: Final = re.compile(r"\b(msol|m_?sun|solmass|m_sol|m☉|m⊙)", re.IGNORECASE)
_WHAT: Final = (
    f"'{KAPPA}' for a convergence, 'Msun/kpc2' or 'Msun/Mpc2' for a surface density, "
    f"or '{MAXIMUM}' for a map over its own maximum"
)


def critical_density(lens: float, source: float) -> float:
    """Return the critical surface density of a lens in Msun/kpc2.

    Parameters
    ----------
    lens, source : float
        Redshifts of the lens and of the sources, in the flat cosmology of Planck 2018.

    Raises
    ------
    BadInput
        The lens is at redshift 0, or the sources are not behind it.

    References
    ----------
    Bartelmann & Schneider 2001, Phys. Rep. 340, 291, equation 3.6,
    doi:10.1016/S0370-1573(00)00082-X; Hogg 1999, arXiv:astro-ph/9905116, equation 19.
    """
    if not 0 < lens < source:
        raise BadInput(
            f"a convergence needs sources behind a lens that is not at redshift 0; "
            f"received a lens at {lens:g} and sources at {source:g}. State their "
            "redshifts with --z and --z-source, or give a surface density"
        )
    near, far = (Planck18.comoving_transverse_distance(z) for z in (lens, source))
    ratio = far / (near * (far - near)) * (1 + lens)  # D_s / (D_l D_ls), no curvature
    return float(
        (constants.c**2 / (4 * math.pi * constants.G) * ratio).to_value(_SURFACE)
    )


def parse(text: str, name: str) -> str | u.UnitBase:
    """Return the unit of a map of all mass.

    Parameters
    ----------
    text : str
        As a file or a user writes it: ``kappa``, ``maximum``, or a mass over an area
        in a spelling of astropy, such as ``Msun/kpc2`` or ``1e10 solMass Mpc-2``.
    name : str
        The cluster or the file, for messages.

    Returns
    -------
    str or astropy.units.UnitBase
        `KAPPA`, `MAXIMUM` or a unit of surface density.

    Raises
    ------
    BadInput
        There is none, or it is not one of these.
    """
    plain = text.strip()
    if not plain:
        raise BadInput(
            f"{name} does not say in which unit its map of all mass is; state it with "
            f"--unit or in the file: {_WHAT}"
        )
    if plain.lower() in _KAPPAS:
        return KAPPA
    if plain.lower() in _MAXIMA:
        return MAXIMUM
    unit = _parsed(_SUNS.sub("solMass", plain).replace("**", "^"))
    if unit is None or not unit.is_equivalent(_SURFACE) or _is_logarithmic(unit):
        hint = "; divide h out first" if re.search(r"\bh\b", plain) else ""
        raise BadInput(
            f"{name} is in '{text}', which is neither a convergence nor a surface "
            f"density{hint}; the units are: {_WHAT}"
        )
    return unit


def _parsed(text: str) -> u.UnitBase | None:
    """Return a unit that astropy knows; None if it does not."""
    with warnings.catch_warnings(action="ignore", category=u.UnitsWarning):
        for notation in ("generic", "fits", "cds"):
            try:
                return u.Unit(text, format=notation)
            except (ValueError, TypeError):
                continue
    return None


def _is_logarithmic(unit: u.UnitBase) -> bool:
    """Return whether a unit is that of a logarithm of a density."""
    return isinstance(unit, u.function.FunctionUnitBase)


def factor(unit: str | u.UnitBase, redshift: float, source: float) -> float:
    """Return the factor that brings a map into units of `DENSITY`.

    Parameters
    ----------
    unit : str or astropy.units.UnitBase
        See `parse`.
    redshift, source : float
        Of the cluster and of the sources, which only a convergence needs.

    Returns
    -------
    float
        Multiplies the map; 1 for a map over its own maximum, whose unit nobody knows.

    Raises
    ------
    BadInput
        See `critical_density`.
    """
    if not isinstance(unit, str):
        return float(unit.to(_SURFACE)) / DENSITY
    return 1.0 if unit == MAXIMUM else critical_density(redshift, source) / DENSITY
