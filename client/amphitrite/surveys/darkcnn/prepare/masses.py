"""Whether a map of all mass is that of a cluster, and how much mass it holds."""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from amphitrite.errors import BadInput
from amphitrite.surveys.darkcnn.page import APERTURE_KPC, DENSITY, TOTAL
from amphitrite.surveys.darkcnn.prepare.cluster import Cluster, Map
from amphitrite.surveys.darkcnn.prepare.missing import RADII

MASSES: Final = (1e12, 1e16)
"""Masses within 400 kpc of the centre, in projection, that a cluster may have, Msun.

Those of 1e14 to 3e15 Msun have about 5e13 to 1e15: beyond, the unit is another one.
"""
MAXIMA: Final = (0.3, 1.01)
"""Maxima of a map that is said to be over its own one; part of it may be missing."""


def aperture_mean(values: Map) -> float:
    """Return the mean of a map within 400 kpc of its middle.

    Parameters
    ----------
    values : (100, 100) ndarray
        A map on the network's grid, without gaps.
    """
    return float(values[RADII < APERTURE_KPC].mean())


def check_total(cluster: Cluster, *, relative: bool) -> None:
    """Refuse a map of all mass that holds nothing, or is not what it is said to be.

    Parameters
    ----------
    cluster : Cluster
        The cluster.
    relative : bool
        Whether the map is said to be over its own maximum.

    Raises
    ------
    BadInput
        The map is NaN throughout, or constant; or its maximum is not within `MAXIMA`.
    """
    values = cluster.maps[TOTAL]
    there = values[np.isfinite(values)]
    if not there.size:
        raise BadInput(
            f"the map of all mass of {cluster.name} is NaN throughout, or masked; "
            "leave it out"
        )
    low, high = float(there.min()), float(there.max())
    if low == high:
        raise BadInput(
            f"the map of all mass of {cluster.name} is {low:g} throughout, which is no "
            "cluster; leave it out"
        )
    if relative and not MAXIMA[0] <= high <= MAXIMA[1]:
        raise BadInput(
            f"the map of all mass of {cluster.name} is said to be over its maximum, "
            f"but its maximum is {high:g}; state its unit, such as --unit Msun/kpc2"
        )


def mass_within(mean: float, cluster: Cluster, *, relative: bool) -> float:
    """Return the projected mass within 400 kpc of the centre in Msun.

    Parameters
    ----------
    mean : float
        Mean surface density there, in `DENSITY`.
    cluster : Cluster
        The cluster, for messages.
    relative : bool
        Whether the map is over its own maximum, so that the mass is NaN.

    Raises
    ------
    BadInput
        The mean is not above 0, or the mass is beyond `MASSES`.
    """
    if not mean > 0:
        raise BadInput(
            f"the mass of {cluster.name} within {APERTURE_KPC:g} kpc is not above 0: "
            "its mean surface density is 0 or negative. Noise below 0 does no harm, "
            "but this is no cluster, or its sign or its centre is wrong"
        )
    if relative:
        return math.nan
    mass = mean * DENSITY * math.pi * APERTURE_KPC**2
    if not MASSES[0] <= mass <= MASSES[1]:
        raise BadInput(
            f"{cluster.name} has {mass:.2g} Msun within {APERTURE_KPC:g} kpc of its "
            f"centre if its map is in '{cluster.unit}', and clusters have "
            f"{MASSES[0]:.0e} to {MASSES[1]:.0e}; check the unit, and the size of a "
            "pixel"
        )
    return mass
