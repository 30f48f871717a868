"""Spherical profiles of dark matter, gas and stars.

Densities are in Msun/kpc3, enclosed masses in Msun, radii in kpc.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import hyp2f1, spence

from amphitrite_training.surveys.darkcnn.simulate.cosmology import (
    GRAVITY,
    critical_density,
)


@dataclass(frozen=True)
class NFW:
    """A halo without a core.

    Parameters
    ----------
    r200_kpc : float
        Radius within which the mean density is 200 times the critical one.
    scale_kpc : float
        Where the logarithmic slope of the density is -2.
    scale_density : float
        Four times the density there, in Msun/kpc3.

    References
    ----------
    .. [1] Navarro, Frenk & White 1997, ApJ 490, 493, doi:10.1086/304888
    .. [2] Lokas & Mamon 2001, MNRAS 321, 155, doi:10.1046/j.1365-8711.2001.04007.x
    """

    r200_kpc: float
    scale_kpc: float
    scale_density: float

    @classmethod
    def of_mass(cls, mass: float, redshift: float, concentration: float) -> NFW:
        """Return the halo of a mass M200 in Msun and a concentration r200 / scale."""
        r200 = (3 * mass / (800 * math.pi * critical_density(redshift))) ** (1 / 3)
        scale = r200 / concentration
        share = math.log1p(concentration) - concentration / (1 + concentration)
        return cls(r200, scale, mass / (4 * math.pi * scale**3 * share))

    def density(self, radii: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the density at some radii."""
        x = radii / self.scale_kpc
        return self.scale_density / (x * (1 + x) ** 2)

    def mass(self, radii: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the mass within some radii."""
        x = radii / self.scale_kpc
        unit = 4 * math.pi * self.scale_density * self.scale_kpc**3
        return unit * (np.log1p(x) - x / (1 + x))

    def dispersion(self, radii: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the one-dimensional velocity dispersion in km/s, eq. 14 [2]_.

        It is isotropic, and solves the Jeans equation of the halo in its own gravity.
        """
        x = radii / self.scale_kpc
        bracket = (
            math.pi**2
            - np.log(x)
            - 1 / x
            - 1 / (1 + x) ** 2
            - 6 / (1 + x)
            + (1 + 1 / x**2 - 4 / x - 2 / (1 + x)) * np.log1p(x)
            + 3 * np.log1p(x) ** 2
            + 6 * spence(1 + x)
        )
        unit = 4 * math.pi * GRAVITY * self.scale_density * self.scale_kpc**2
        return np.sqrt(unit * x * (1 + x) ** 2 / 2 * bracket)


@dataclass(frozen=True)
class Hernquist:
    """A spheroid of stars.

    Parameters
    ----------
    total : float
        Its mass in Msun.
    scale_kpc : float
        Half-mass radius over 1 + sqrt(2).

    References
    ----------
    .. [1] Hernquist 1990, ApJ 356, 359, doi:10.1086/168845, eqs. 2 and 3
    """

    total: float
    scale_kpc: float

    def density(self, radii: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the density at some radii."""
        a = self.scale_kpc
        return self.total * a / (2 * math.pi * radii * (radii + a) ** 3)

    def mass(self, radii: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the mass within some radii."""
        return self.total * (radii / (radii + self.scale_kpc)) ** 2


@dataclass(frozen=True)
class Beta:
    """Gas with a flat core.

    Parameters
    ----------
    central : float
        Density at the centre in Msun/kpc3.
    core_kpc : float
        Radius of the core.
    slope : float
        The parameter beta; far outside, the density falls as radius to the -3 beta.

    References
    ----------
    .. [1] Cavaliere & Fusco-Femiano 1976, A&A 49, 137
    """

    central: float
    core_kpc: float
    slope: float

    @classmethod
    def of_mass(
        cls, mass: float, within_kpc: float, core_kpc: float, slope: float
    ) -> Beta:
        """Return the gas that has a mass in Msun within a radius."""
        unit = cls(1.0, core_kpc, slope).mass(np.array([within_kpc]))
        return cls(mass / float(unit[0]), core_kpc, slope)

    def density(self, radii: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the density at some radii."""
        flat = (1 + (radii / self.core_kpc) ** 2) ** (-1.5 * self.slope)
        return self.central * flat

    def mass(self, radii: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the mass within some radii."""
        share = hyp2f1(1.5, 1.5 * self.slope, 2.5, -((radii / self.core_kpc) ** 2))
        return 4 / 3 * math.pi * self.central * radii**3 * share
