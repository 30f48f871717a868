"""The isothermal core of a halo: the Jeans equation of dark matter that has scattered.

d ln rho / d ln r = -G (M + M_baryons) / (r sigma2), with the density and the enclosed
mass of the halo at the core's radius [1]_ [2]_.

References
----------
.. [1] Kaplinghat, Keeley, Linden & Yu 2014, PRL 113, 021302, arXiv:1311.6524
.. [2] Kaplinghat, Tulin & Yu 2016, PRL 116, 041302, arXiv:1508.03339, eqs. 1 to 3
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from amphitrite_training.surveys.darkcnn.simulate.cosmology import GRAVITY
from amphitrite_training.surveys.darkcnn.simulate.grid import LOG_RADII, RADII_KPC

_STEPS: Final = 80
_GUESSES: Final = (1.0, 0.5, 1.6)  # of the rise of ln density from r1 to the centre
_TOLERANCE: Final = 1e-8


@dataclass(frozen=True)
class Core:
    """The isothermal part of a halo.

    Parameters
    ----------
    r1_kpc : float
        Its outer radius.
    dispersion : float
        One-dimensional velocity dispersion in km/s.
    radii : (n,) ndarray of float64
        Radii in kpc, evenly spaced in their logarithm; the last is `r1_kpc`.
    log_density : (n,) ndarray of float64
        Natural logarithm of the density in Msun/kpc3 there.
    """

    r1_kpc: float
    dispersion: float
    radii: NDArray[np.float64]
    log_density: NDArray[np.float64]

    @property
    def half_density_kpc(self) -> float:
        """The radius at which the density is half of that at the centre."""
        return float(
            np.interp(math.log(2), self.log_density[0] - self.log_density, self.radii)
        )


def fitted(
    r1: float,
    density: float,
    mass: float,
    dispersion: float,
    baryons: NDArray[np.float64],
) -> Core:
    """Return the isothermal sphere of a density and an enclosed mass at its radius.

    Parameters
    ----------
    r1 : float
        The radius in kpc.
    density, mass : float
        Of the dark matter at, and within that radius; in Msun/kpc3 and Msun.
    dispersion : float
        A first guess of the velocity dispersion in km/s.
    baryons : (n_radii,) ndarray of float64
        Mass of gas and stars within each of `RADII_KPC`, in Msun.

    Raises
    ------
    ArithmeticError
        There is no such sphere.
    """
    # every second radius is a step, those between are the middles of steps
    radii = np.geomspace(min(RADII_KPC[0], r1 / 50), r1, 2 * _STEPS + 1)
    extra = np.exp(np.interp(np.log(radii), LOG_RADII, np.log(np.maximum(baryons, 1))))
    for rise in _GUESSES:
        found, log_dispersion, run = _solved(
            math.log(density), math.log(mass), rise, math.log(dispersion), radii, extra
        )
        if found:
            return Core(r1, math.exp(log_dispersion), radii[::2], run)
    raise ArithmeticError(
        f"no isothermal core of {r1:.0f} kpc fits {mass:.3g} Msun of dark matter"
    )


@njit(cache=True)
def _slopes(log_density, mass, radius, extra, squared):
    # the derivatives of ln density and mass by ln radius
    return (
        -GRAVITY * (mass + extra) / (squared * radius),
        4 * math.pi * radius**3 * math.exp(log_density),
    )


@njit(cache=True)
def _sphere(log_centre, log_dispersion, radii, extra, run):
    """Fill ln density from the centre outwards; return it and ln mass at the end.

    Runge-Kutta of fourth order in ln radius, over every second radius.
    """
    squared = math.exp(2 * log_dispersion)
    step = 2 * math.log(radii[1] / radii[0])
    value = log_centre
    mass = 4 / 3 * math.pi * radii[0] ** 3 * math.exp(log_centre)
    run[0] = value
    for i in range(len(run) - 1):
        j = 2 * i
        a1, b1 = _slopes(value, mass, radii[j], extra[j], squared)
        a2, b2 = _slopes(
            value + step / 2 * a1,
            mass + step / 2 * b1,
            radii[j + 1],
            extra[j + 1],
            squared,
        )
        a3, b3 = _slopes(
            value + step / 2 * a2,
            mass + step / 2 * b2,
            radii[j + 1],
            extra[j + 1],
            squared,
        )
        a4, b4 = _slopes(
            value + step * a3, mass + step * b3, radii[j + 2], extra[j + 2], squared
        )
        value += step / 6 * (a1 + 2 * a2 + 2 * a3 + a4)
        mass += step / 6 * (b1 + 2 * b2 + 2 * b3 + b4)
        run[i + 1] = value
    return value, math.log(mass)


@njit(cache=True)
def _solved(log_density, log_mass, rise, log_dispersion, radii, extra):
    """Return whether Newton's method has arrived, ln dispersion and ln density."""
    run = np.empty(len(radii) // 2 + 1)
    aside = np.empty_like(run)
    centre = log_density + rise
    small = 1e-5
    for _ in range(60):
        end, mass = _sphere(centre, log_dispersion, radii, extra, run)
        miss, miss_mass = end - log_density, mass - log_mass
        if abs(miss) + abs(miss_mass) < _TOLERANCE:
            return True, log_dispersion, run
        # derivatives by the central density (c) and by the dispersion (d)
        end_c, mass_c = _sphere(centre + small, log_dispersion, radii, extra, aside)
        end_d, mass_d = _sphere(centre, log_dispersion + small, radii, extra, aside)
        end_c, mass_c = (end_c - end) / small, (mass_c - mass) / small
        end_d, mass_d = (end_d - end) / small, (mass_d - mass) / small
        determinant = end_c * mass_d - end_d * mass_c
        if abs(determinant) < 1e-12:
            break
        to_centre = (end_d * miss_mass - mass_d * miss) / determinant
        to_dispersion = (mass_c * miss - end_c * miss_mass) / determinant
        # no step beyond a factor 1.5
        part = min(1.0, 0.4 / max(abs(to_centre), abs(to_dispersion), 1e-12))
        centre += part * to_centre
        log_dispersion += part * to_dispersion
    return False, log_dispersion, run
