"""The maps of a cluster whose dark matter has a cross-section.

The cross-section acts through the core (`jeans`), the shape, the distance of the
galaxy from the centre of the dark matter, and what is left of subhaloes.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from amphitrite_training.surveys.darkcnn.simulate import painting
from amphitrite_training.surveys.darkcnn.simulate.baryons import REFERENCE_MASS
from amphitrite_training.surveys.darkcnn.simulate.grid import LOG_RADII, RADII_KPC
from amphitrite_training.surveys.darkcnn.simulate.haloes import Halo, halo
from amphitrite_training.surveys.darkcnn.simulate.line_of_sight import surface_density
from amphitrite_training.surveys.darkcnn.simulate.population import (
    Cluster,
    median_concentration,
)
from amphitrite_training.surveys.darkcnn.simulate.profiles import NFW, Hernquist
from amphitrite_training.surveys.darkcnn.simulate.shapes import (
    KNOTS_KPC,
    column_density,
    ellipses,
)
from amphitrite_training.surveys.darkcnn.simulate.substructure import (
    TRAIL_KPC,
    surviving,
)
from amphitrite_training.surveys.darkcnn.simulate.texture import of_particles
from amphitrite_training.surveys.darkcnn.simulate.visible import (
    Visible,
    merger_stars,
    visible,
)

SOFTENING_KPC: Final = 6.0
"""Gravitational softening of the simulations; a figure that was not verified."""
OFFSET_SCATTER: Final = 0.6
"""Standard deviation of ln of the distance between galaxy and dark matter."""


@dataclass(frozen=True)
class Truth:
    """What is true of a simulated cluster.

    Parameters
    ----------
    number : int
        Its id; clusters of one id differ by their cross-section alone.
    cross_section : float
        Per mass, in cm2/g.
    redshift : float
    log_m200 : float
        log10 of M200 in Msun.
    concentration : float
    age_gyr : float
        For how long its core has formed.
    relaxed : bool
    xray_concentration : float
        X-rays within 100 kpc over those within 400 kpc.
    bcg_ellipticity : float
        (a - b) / (a + b) of the central galaxy.
    core_kpc : float
        Where the density of the dark matter is half of the central one; 0 without core.
    offset_kpc : float
        From the galaxy to the centre of the dark matter.
    """

    number: int
    cross_section: float
    redshift: float
    log_m200: float
    concentration: float
    age_gyr: float
    relaxed: bool
    xray_concentration: float
    bcg_ellipticity: float
    core_kpc: float
    offset_kpc: float


def maps(
    cluster: Cluster, cross_sections: Iterable[float]
) -> list[tuple[Truth, NDArray[np.float32]]]:
    """Return the maps of a cluster for some cross-sections.

    Parameters
    ----------
    cluster : Cluster
        What they have in common.
    cross_sections : iterable of float
        Per mass, in cm2/g.

    Returns
    -------
    list of (Truth, (3, ny, nx) ndarray of float32)
        For each cross-section the truth and the maps, in the order of `page.CHANNELS`:
        surface density of all mass in Msun/kpc2, X-ray surface brightness in
        erg/s/cm2/arcmin2 as seen at `page.LENS_REDSHIFT`, and surface density of
        the stars in Msun/kpc2.

    Raises
    ------
    ArithmeticError
        A cross-section is so large that a core has collapsed.
    """
    seen = visible(cluster)
    common = seen.gas + surface_density(cluster.surroundings)
    return [_maps(cluster, seen, common, float(value)) for value in cross_sections]


def median_offset_kpc(mass: float, cross_section: float) -> float:
    """Return the median distance between galaxy and dark matter in kpc.

    It increases with cross-section and mass, and without a cross-section not with mass:
    Harvey et al. 2019, arXiv:1812.06981.  The values are assumptions.

    Parameters
    ----------
    mass : float
        M200 in Msun.
    cross_section : float
        In cm2/g.
    """
    return 3.8 + 4.8 * cross_section**0.6 * (mass / REFERENCE_MASS) ** 0.3


def _maps(
    cluster: Cluster,
    seen: Visible,
    common: NDArray[np.float64],
    cross_section: float,
) -> tuple[Truth, NDArray[np.float32]]:
    enclosed = seen.enclosed * cluster.baryons_shrink
    dark = halo(
        cluster.halo, 1 - cluster.gas.share, enclosed, cross_section, cluster.age_gyr
    )
    galaxy = cluster.galaxy
    offset = median_offset_kpc(cluster.mass, cross_section)
    offset *= math.exp(OFFSET_SCATTER * galaxy.offset)
    total = common + _dark(cluster, dark, offset, cross_section)
    total = of_particles(total, cluster.texture[0]) + seen.stars
    truth = Truth(
        cluster.number,
        cross_section,
        cluster.redshift,
        math.log10(cluster.mass),
        cluster.concentration,
        cluster.age_gyr,
        cluster.relaxed,
        seen.xray_concentration,
        seen.ellipticity,
        0.0 if dark.core is None else dark.core.half_density_kpc,
        offset,
    )
    return truth, np.stack([total, seen.xray, seen.stars]).astype(np.float32)


def _dark(
    cluster: Cluster, dark: Halo, offset: float, cross_section: float
) -> NDArray[np.float64]:
    """Return the surface density of the dark matter of halo, merger and subhaloes."""
    image = painting.empty()
    shape = ellipses(cluster.body, roundness(dark.scatterings, cluster.rounding))
    x, y = cluster.galaxy.centre_kpc
    angle = cluster.galaxy.angle
    centre = (x + offset * math.cos(angle), y + offset * math.sin(angle))
    contracted = 1 + 2 * cluster.contraction * np.exp(-RADII_KPC / 60)
    column = column_density(dark.density * contracted)
    painting.add_body(image, column, shape, centre, SOFTENING_KPC)
    _add_merger(image, cluster, shape, cross_section)
    members = cluster.subhaloes
    left = surviving(members.distance, dark.scatterings, cross_section)
    scales = 14.0 * (members.mass / 1e12) ** (1 / 3) * members.size
    for total, scale, dx, dy in zip(
        members.mass * left, scales, members.x, members.y, strict=True
    ):
        painting.add_clump(image, total, scale, (x + dx, y + dy), 12 * scale)
    return image


def roundness(
    scatterings: NDArray[np.float64], efficiency: float
) -> NDArray[np.float64]:
    """Return by how much a halo is rounder than it was, at `shapes.KNOTS_KPC`.

    The galaxy rounds the centre by a quarter (assumed), and scatterings do so by the
    share of particles that have scattered, times an efficiency (Peter et al. 2013,
    arXiv:1208.3026).

    Parameters
    ----------
    scatterings : (n_radii,) ndarray of float64
        Of a particle, at `grid.RADII_KPC`.
    efficiency : float
        0 to 1.

    Returns
    -------
    (n_knots,) ndarray of float64
        0 for the original shape, 1 for a sphere.
    """
    # seen at a projected radius is what lies a little further out
    radii = np.maximum(1.2 * KNOTS_KPC, 1.0)
    scattered = -np.expm1(-np.interp(np.log(radii), LOG_RADII, scatterings))
    return 1 - (1 - efficiency * scattered) * (1 - 0.25 * np.exp(-KNOTS_KPC / 100))


def _add_merger(
    image: NDArray[np.float64],
    cluster: Cluster,
    shape: NDArray[np.float64],
    cross_section: float,
) -> None:
    """Add the dark matter of a merging halo: a core of its own, behind its galaxies."""
    merger = cluster.merger
    if merger is None:
        return
    median = median_concentration(merger.mass, cluster.redshift)
    concentration = min(max(median * 10 ** (0.15 * merger.early), 2.0), 9.0)
    nfw = NFW.of_mass(merger.mass, cluster.redshift, concentration)
    stars = Hernquist(merger_stars(merger.mass), 15.0).mass(RADII_KPC)
    stars *= cluster.baryons_shrink
    dark = halo(nfw, 0.92, stars, cross_section, 0.8 * cluster.age_gyr)
    stripped = dark.density / (1 + (RADII_KPC / (0.4 * nfw.r200_kpc)) ** 4)
    behind = TRAIL_KPC * cross_section + merger.trail_kpc
    x, y = cluster.galaxy.centre_kpc
    place = (
        x + merger.x - behind * math.cos(merger.angle),
        y + merger.y - behind * math.sin(merger.angle),
    )
    painting.add_body(
        image, column_density(stripped) + 1e-3, shape, place, SOFTENING_KPC
    )
