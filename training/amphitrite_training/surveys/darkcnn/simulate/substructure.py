"""Subhaloes, a merging halo, and what scatterings take from them.

Subhaloes: N(> m) = 22 (m / 1e-3 M)^-0.9 down to 3e-4 M, about a tenth of the mass
(assumed).  They lose mass to the particles of the host, more where these scatter more;
the amplitude is an assumption, the direction is that of Banerjee et al. 2020, JCAP 02,
024, arXiv:1906.12026.  The dark matter of a merging halo trails its galaxies by 8 kpc
for a cross-section of 1 cm2/g, within the limit of 20 kpc of Kim, Peter & Wittman
2017, arXiv:1608.08630.  Of clusters that are not relaxed 70 % have a merging halo of
0.05 to 0.45 of the mass (assumed).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from amphitrite_training.surveys.darkcnn.simulate.grid import LOG_RADII
from amphitrite_training.surveys.darkcnn.simulate.shapes import Ellipsoid

SMALLEST_SHARE: Final = 3e-4
LARGEST_SHARE: Final = 0.08
"""Masses of subhaloes over that of the cluster."""
COUNT_SLOPE: Final = 0.9
N_ABOVE: Final = 22.0
"""How many subhaloes have more than a thousandth of the mass."""
TRAIL_KPC: Final = 8.0
"""By how much dark matter trails the galaxies, per cm2/g."""


@dataclass(frozen=True)
class Subhaloes:
    """The subhaloes of a cluster.

    Parameters
    ----------
    mass : (n,) ndarray of float64
        In Msun, before any scattering.
    x, y : (n,) ndarray of float64
        From the cluster's galaxy in kpc.
    distance : (n,) ndarray of float64
        In three dimensions, in kpc.
    brightness, size : (n,) ndarray of float64
        Their scatter at a given mass, as factors.
    """

    mass: NDArray[np.float64]
    x: NDArray[np.float64]
    y: NDArray[np.float64]
    distance: NDArray[np.float64]
    brightness: NDArray[np.float64]
    size: NDArray[np.float64]


@dataclass(frozen=True)
class Merger:
    """A halo that falls into the cluster.

    Parameters
    ----------
    mass : float
        In Msun.
    early : float
        Its concentration, in standard deviations of the logarithm from the median.
    x, y : float
        Its galaxies from the cluster's in kpc.
    angle : float
        Direction from the cluster to it, in radians.
    trail_kpc : float
        By how much its dark matter trails the galaxies without any scattering.
    """

    mass: float
    early: float
    x: float
    y: float
    angle: float
    trail_kpc: float


def draw_subhaloes(
    rng: np.random.Generator,
    mass: float,
    r200_kpc: float,
    body: Ellipsoid,
    size: float,
) -> Subhaloes:
    """Return random subhaloes, spread out as the cluster is.

    Parameters
    ----------
    rng : numpy.random.Generator
    mass, r200_kpc : float
        Of the cluster, in Msun and kpc.
    body : Ellipsoid
        Its shape.
    size : float
        Median size of the subhaloes, as a factor.
    """
    expected = N_ABOVE * (mass / 4e14) ** 0.1 * (SMALLEST_SHARE / 1e-3) ** -COUNT_SLOPE
    share = SMALLEST_SHARE * rng.random(rng.poisson(expected)) ** (-1 / COUNT_SLOPE)
    share = share[share < LARGEST_SHARE]
    n = share.size
    distance = 1.6 * r200_kpc * rng.random(n) ** 0.75
    direction = rng.normal(size=(n, 3))
    direction /= np.linalg.norm(direction, axis=1)[:, None]
    place = direction * [1.0, body.middle, body.short] @ body.rotation.T
    place *= distance[:, None]
    return Subhaloes(
        share * mass,
        place[:, 0] + rng.normal(0, 30, n),
        place[:, 1] + rng.normal(0, 30, n),
        distance,
        rng.lognormal(0, 0.5, n),
        size * rng.lognormal(0, 0.3, n),
    )


def draw_merger(rng: np.random.Generator, mass: float, relaxed: bool) -> Merger | None:
    """Return a random merging halo, or None; relaxed clusters have few, and far out."""
    if rng.random() >= (0.12 if relaxed else 0.7):
        return None
    share = 10 ** rng.uniform(-1.3, -0.35)
    distance = rng.uniform(500 if relaxed else 120, 1100)
    angle = rng.uniform(0, 2 * math.pi)
    return Merger(
        float(mass * share),
        float(rng.normal()),
        float(distance * math.cos(angle) + rng.normal(0, 25)),
        float(distance * math.sin(angle) + rng.normal(0, 25)),
        float(angle),
        abs(float(rng.normal(0, 3))),
    )


def surviving(
    distance: NDArray[np.float64],
    scatterings: NDArray[np.float64],
    cross_section: float,
) -> NDArray[np.float64]:
    """Return the share of a subhalo's mass that scatterings leave.

    Parameters
    ----------
    distance : (n,) ndarray of float64
        From the cluster's centre in kpc.
    scatterings : (n_radii,) ndarray of float64
        Of a particle of the cluster, at `grid.RADII_KPC`.
    cross_section : float
        In cm2/g.

    Returns
    -------
    (n,) ndarray of float64
        exp(-0.5 min(N, 3) - 0.1 cross-section), 1 without a cross-section.
    """
    met = np.interp(np.log(np.maximum(distance, 30.0)), LOG_RADII, scatterings)
    return np.exp(-0.5 * np.minimum(met, 3.0) - 0.1 * cross_section)
