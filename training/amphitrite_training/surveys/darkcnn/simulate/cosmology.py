"""The cosmology and the units of the simulated clusters.

Parameters of WMAP9, with which the simulations of the original were run: McCarthy et
al. 2017, arXiv:1603.02702 (BAHAMAS); Robertson et al. 2019, arXiv:1810.05649
(BAHAMAS-SIDM).  Lengths are in kpc, masses in solar masses, velocities in km/s and
times in Gyr.
"""

from __future__ import annotations

from typing import Final

from astropy import constants, units
from astropy.cosmology import FlatLambdaCDM

COSMOLOGY: Final = FlatLambdaCDM(H0=70.0, Om0=0.2793, name="WMAP9 of BAHAMAS")
GRAVITY: Final[float] = constants.G.to_value(
    units.kpc * units.km**2 / units.s**2 / units.Msun
)
"""Newton's constant in kpc (km/s)2 / Msun."""
CM2_PER_GRAM: Final[float] = (units.cm**2 / units.g).to(units.kpc**2 / units.Msun)
"""A cross-section of 1 cm2/g in kpc2/Msun."""
KPC_PER_GYR: Final[float] = (units.km / units.s).to(units.kpc / units.Gyr)
"""A velocity of 1 km/s in kpc/Gyr."""


def critical_density(redshift: float) -> float:
    """Return the critical density of the Universe in Msun/kpc3."""
    density = COSMOLOGY.critical_density(redshift)
    return float(density.to_value(units.Msun / units.kpc**3))


def lookback_gyr(redshift: float) -> float:
    """Return the time since a redshift in Gyr."""
    return float(COSMOLOGY.lookback_time(redshift).to_value(units.Gyr))
