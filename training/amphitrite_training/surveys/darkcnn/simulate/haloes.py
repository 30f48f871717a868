"""Dark matter of a halo: what scatterings have made of it.

Outside of the radius r1 a particle has scattered less than once in the age of the halo,
and the halo is what it would be without scatterings, an NFW halo.  Inside, dark matter
is isothermal, in the gravity of itself and of the baryons [1]_.  The model describes
the cores of simulated clusters with baryons well [2]_, and fits haloes of 3e10 to 3e15
Msun [3]_.

References
----------
.. [1] Kaplinghat, Tulin & Yu 2016, PRL 116, 041302, arXiv:1508.03339
.. [2] Robertson et al. 2018, arXiv:1711.09096
.. [3] Robertson et al. 2021, arXiv:2009.07844
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from amphitrite_training.surveys.darkcnn.simulate.cosmology import (
    CM2_PER_GRAM,
    KPC_PER_GYR,
)
from amphitrite_training.surveys.darkcnn.simulate.grid import LOG_RADII, RADII_KPC
from amphitrite_training.surveys.darkcnn.simulate.jeans import Core, fitted
from amphitrite_training.surveys.darkcnn.simulate.profiles import NFW

SMALLEST_KPC: Final = 4.0
"""A smaller r1, a fifth of a pixel, is not followed: the halo keeps its cusp."""
TRUNCATION: Final = 2.5
"""Radius in r200 beyond which the density falls faster than that of an NFW halo."""


@dataclass(frozen=True)
class Halo:
    """Dark matter on `RADII_KPC`.

    Parameters
    ----------
    density : (n_radii,) ndarray of float64
        In Msun/kpc3.
    scatterings : (n_radii,) ndarray of float64
        How often a particle at each radius has scattered in the age of the halo, by the
        density that it had before.
    core : Core or None
        None where the radius of one scattering is below `SMALLEST_KPC`.
    """

    density: NDArray[np.float64]
    scatterings: NDArray[np.float64]
    core: Core | None


def halo(
    nfw: NFW,
    dark_share: float,
    baryons: NDArray[np.float64],
    cross_section: float,
    age_gyr: float,
) -> Halo:
    """Return the dark matter of a halo.

    Parameters
    ----------
    nfw : NFW
        All its mass, before any scattering.
    dark_share : float
        The part of it that is dark matter.
    baryons : (n_radii,) ndarray of float64
        Mass of gas and stars within each of `RADII_KPC`, in Msun.
    cross_section : float
        Per mass, in cm2/g.
    age_gyr : float
        For how long the dark matter has scattered.

    Raises
    ------
    ArithmeticError
        No core fits: the cross-section or the age are so large that it has collapsed.
    """
    outside = nfw.density(RADII_KPC) * dark_share
    outside /= 1 + (RADII_KPC / (TRUNCATION * nfw.r200_kpc)) ** 2
    dispersion = nfw.dispersion(RADII_KPC)
    # the mean relative velocity is 4 / sqrt(pi) dispersions
    scatterings = (
        outside
        * (4 / math.sqrt(math.pi) * KPC_PER_GYR * CM2_PER_GRAM)
        * dispersion
        * (cross_section * age_gyr)
    )
    if scatterings[0] <= 1:
        return Halo(outside, scatterings, None)
    r1 = math.exp(np.interp(0.0, -np.log(scatterings), LOG_RADII))
    if r1 < SMALLEST_KPC:
        return Halo(outside, scatterings, None)
    core = fitted(
        r1,
        math.exp(np.interp(math.log(r1), LOG_RADII, np.log(outside))),
        float(nfw.mass(np.array([r1]))[0]) * dark_share,
        float(np.interp(r1, RADII_KPC, dispersion)),
        baryons,
    )
    inside = RADII_KPC < r1
    density = outside.copy()
    density[inside] = np.exp(
        np.interp(LOG_RADII[inside], np.log(core.radii), core.log_density)
    )
    return Halo(density, scatterings, core)
