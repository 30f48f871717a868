"""The gas and the central galaxy of a cluster, and what feedback does to them.

Their scatter hides what dark matter does; none of it depends on the cross-section.  The
numbers are assumptions of this generator.

* Gas: 0.12 of the mass within r200; a beta profile of slope 0.66 +- 0.05 with a core of
  60 to 130 kpc in relaxed clusters and 110 to 260 kpc in others, times (M / 4e14)^1/3,
  and an excess of X-rays where gas has cooled, nearly only in relaxed ones.
* The central galaxy: 10^11.95 (M / 4e14)^0.4 Msun with 0.15 dex; a Hernquist profile of
  22 kpc, and stars between the galaxies, which lie six times as far out.
* Feedback stronger by a standard deviation: 10 % less gas, a core larger by 15 %, a
  galaxy lighter by 0.06 dex, and less of the excess.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

REFERENCE_MASS: Final = 4e14
"""Msun, the mass to which relations are normalised."""


@dataclass(frozen=True)
class Gas:
    """The gas of a cluster.

    Parameters
    ----------
    share : float
        Its mass within r200 over the cluster's.
    core_kpc, slope : float
        Of its beta profile.
    cool : float
        Excess emissivity at the centre over three times that of the beta profile.
    offset_kpc : tuple of float
        Its centre's x and y from the galaxy's.
    luminosity : float
        In X-rays, within the map, in erg/s.
    """

    share: float
    core_kpc: float
    slope: float
    cool: float
    offset_kpc: tuple[float, float]
    luminosity: float


@dataclass(frozen=True)
class Galaxy:
    """The galaxy at the centre, and the stars between the galaxies.

    Parameters
    ----------
    mass : float
        Of the galaxy in Msun.
    scale_kpc : float
        Of its Hernquist profile.
    diffuse : float
        Mass of the stars between the galaxies over the galaxy's.
    centre_kpc : tuple of float
        Its x and y from the centre of the map.
    offset : float
        How far the dark matter's centre is, in standard deviations of the logarithm
        from the median.
    angle : float
        Its direction in radians.
    ellipticity_error : float
        By how much ln of the measured ellipticity is off.
    """

    mass: float
    scale_kpc: float
    diffuse: float
    centre_kpc: tuple[float, float]
    offset: float
    angle: float
    ellipticity_error: float


def within(value: float, low: float, high: float) -> float:
    """Return a value, or the end of a range that it lies beyond."""
    return float(min(max(value, low), high))


def draw_gas(
    rng: np.random.Generator, mass: float, relaxed: bool, feedback: float
) -> Gas:
    """Return random gas: feedback removes it, widens its core, heats its centre."""
    scaled = mass / REFERENCE_MASS
    share = 0.12 * scaled**0.12 * (1 - 0.1 * feedback)
    share *= math.exp(0.08 * rng.normal())
    core = rng.uniform(60, 130) if relaxed else rng.uniform(110, 260)
    slope = within(rng.normal(0.66, 0.05), 0.5, 0.85)
    cool = rng.uniform(0, 1.5 if relaxed else 0.3) * max(0.2, 1 - 0.4 * feedback)
    x, y = rng.normal(0, 12 if relaxed else 55, 2)
    luminosity = 1.3e44 * (mass / 3e14) ** 1.6 * 10 ** (0.17 * rng.normal())
    return Gas(
        within(share, 0.05, 0.155),
        float(core * scaled ** (1 / 3) * (1 + 0.15 * feedback)),
        slope,
        float(cool),
        (float(x), float(y)),
        float(luminosity),
    )


def draw_galaxy(
    rng: np.random.Generator, mass: float, feedback: float, heavier_dex: float
) -> Galaxy:
    """Return a random galaxy, up to half a pixel off the centre of the map."""
    log_mass = 11.95 + 0.4 * math.log10(mass / REFERENCE_MASS) + 0.15 * rng.normal()
    scale = 10 ** rng.normal(math.log10(22.0), 0.12)
    diffuse = rng.uniform(0.4, 1.2)
    x, y = rng.uniform(-10, 10, 2)
    return Galaxy(
        float(10 ** (log_mass - 0.06 * feedback + heavier_dex)),
        float(scale),
        float(diffuse),
        (float(x), float(y)),
        float(rng.normal()),
        float(rng.uniform(0, 2 * math.pi)),
        0.15 * float(rng.normal()),
    )
