"""Gas and stars of a cluster, which do not depend on the cross-section.

"Changes are not reflected in the distribution of gas or stars": Robertson et al. 2019,
arXiv:1810.05649, abstract.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from amphitrite_training.surveys.darkcnn.simulate import painting
from amphitrite_training.surveys.darkcnn.simulate.grid import RADII_KPC, offsets_kpc
from amphitrite_training.surveys.darkcnn.simulate.observer import X_RAY_UNIT
from amphitrite_training.surveys.darkcnn.simulate.population import Cluster
from amphitrite_training.surveys.darkcnn.simulate.profiles import Beta, Hernquist
from amphitrite_training.surveys.darkcnn.simulate.shapes import (
    axis_ratio,
    column_density,
    ellipses,
)

DIFFUSE_SCALE: Final = 6.0
"""Scale radius of the stars between the galaxies over that of the central galaxy."""
GAS_ROUNDNESS: Final = 0.55
STARS_ROUNDNESS: Final = 0.35
"""By how much gas and stars are rounder than the halo; assumed."""
GAS_SOFTENING_KPC: Final = 3.0
STARS_SOFTENING_KPC: Final = 6.0
_AT_GALAXY: Final = 8  # the knot at 13 kpc


@dataclass(frozen=True)
class Visible:
    """What is seen of a cluster, and the mass of it.

    Parameters
    ----------
    gas, stars : (ny, nx) ndarray of float64
        Surface density in Msun/kpc2.
    xray : (ny, nx) ndarray of float64
        Surface brightness in erg/s/cm2/arcmin2.
    enclosed : (n_radii,) ndarray of float64
        Mass of gas and of the central galaxy's stars within each of `grid.RADII_KPC`,
        in Msun.
    xray_concentration : float
        X-rays within 100 kpc over those within 400 kpc.
    ellipticity : float
        (a - b) / (a + b) of the central galaxy, as measured.
    """

    gas: NDArray[np.float64]
    stars: NDArray[np.float64]
    xray: NDArray[np.float64]
    enclosed: NDArray[np.float64]
    xray_concentration: float
    ellipticity: float


def visible(cluster: Cluster) -> Visible:
    """Return gas, X-rays and stars of a cluster."""
    gas = Beta.of_mass(
        cluster.gas.share * cluster.mass,
        cluster.halo.r200_kpc,
        cluster.gas.core_kpc,
        cluster.gas.slope,
    )
    galaxy, diffuse = _stellar(cluster)
    stars, shape = _stars(cluster, galaxy, diffuse)
    xray = _xray(cluster, gas)
    ratio = axis_ratio(shape, _AT_GALAXY)
    measured = np.exp(cluster.galaxy.ellipticity_error)
    return Visible(
        _gas(cluster, gas),
        stars,
        xray,
        gas.mass(RADII_KPC) + galaxy.mass(RADII_KPC) + diffuse.mass(RADII_KPC),
        _concentration(xray, _gas_centre(cluster)),
        float((1 - ratio) / (1 + ratio) * measured),
    )


def _stellar(cluster: Cluster) -> tuple[Hernquist, Hernquist]:
    """Return the central galaxy and the stars between the galaxies."""
    galaxy = cluster.galaxy
    return (
        Hernquist(galaxy.mass, galaxy.scale_kpc),
        Hernquist(galaxy.diffuse * galaxy.mass, DIFFUSE_SCALE * galaxy.scale_kpc),
    )


def _gas_centre(cluster: Cluster) -> tuple[float, float]:
    (x, y), (dx, dy) = cluster.galaxy.centre_kpc, cluster.gas.offset_kpc
    return x + dx, y + dy


def _gas(cluster: Cluster, gas: Beta) -> NDArray[np.float64]:
    """Return the surface density of the gas, which ends beyond r200."""
    density = gas.density(RADII_KPC)
    density *= np.exp(-((RADII_KPC / (2 * cluster.halo.r200_kpc)) ** 2))
    image = painting.empty()
    painting.add_body(
        image,
        # a floor, because the logarithm is interpolated
        column_density(density) + 1e-3,
        ellipses(cluster.body, GAS_ROUNDNESS),
        _gas_centre(cluster),
        GAS_SOFTENING_KPC,
    )
    return image


def _stars(
    cluster: Cluster, galaxy: Hernquist, diffuse: Hernquist
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the surface density of the stars, and the ellipses of the galaxy."""
    density = galaxy.density(RADII_KPC) + diffuse.density(RADII_KPC)
    shape = ellipses(cluster.body, STARS_ROUNDNESS)
    image = painting.empty()
    x, y = cluster.galaxy.centre_kpc
    painting.add_body(
        image, column_density(density) + 1e-3, shape, (x, y), STARS_SOFTENING_KPC
    )
    if cluster.merger is not None:
        place = (x + cluster.merger.x, y + cluster.merger.y)
        painting.add_clump(image, merger_stars(cluster.merger.mass), 15.0, place, 600.0)
    members = cluster.subhaloes
    light = 0.035 * members.mass**0.9 * 10**1.2 * members.brightness
    for total, dx, dy in zip(light, members.x, members.y, strict=True):
        painting.add_clump(image, total, 5.0, (x + dx, y + dy), 200.0)
    return image * np.exp(0.1 * cluster.texture[2]) + 1e2, shape


def merger_stars(mass: float) -> float:
    """Return the stellar mass of a merging halo's galaxy, both in Msun (assumed)."""
    return float(10**11.6 * (mass / 1e14) ** 0.4)


def _xray(cluster: Cluster, gas: Beta) -> NDArray[np.float64]:
    """Return the X-ray surface brightness: the square of the density, along the line.

    Relaxed clusters are brighter at the centre, where gas has cooled.  A merging halo
    and the largest subhaloes have gas of their own.
    """
    shape = (gas.density(RADII_KPC) / gas.central) ** 2
    inner = (RADII_KPC / (0.35 * gas.core_kpc)) ** 2
    shape *= 1 + 3 * cluster.gas.cool * np.exp(-inner)
    image = painting.empty()
    painting.add_body(
        image,
        column_density(shape + 1e-14),
        ellipses(cluster.body, GAS_ROUNDNESS),
        _gas_centre(cluster),
        GAS_SOFTENING_KPC,
    )
    peak = image.max()
    _add_merger_xray(image, cluster, peak)
    x, y = cluster.galaxy.centre_kpc
    members = cluster.subhaloes
    for i in np.flatnonzero(members.mass > 0.02 * cluster.mass):
        share = 0.15 * members.mass[i] / (0.05 * cluster.mass)
        total = share * peak * 2 * np.pi * 40.0**2
        place = (x + members.x[i], y + members.y[i])
        painting.add_clump(image, total, 40.0, place, 600.0)
    image *= cluster.gas.luminosity * X_RAY_UNIT / image.sum()
    return image * np.exp(0.05 * cluster.texture[1])


def _add_merger_xray(image: NDArray[np.float64], cluster: Cluster, peak: float) -> None:
    """Add the gas of a merging halo, which lags behind its galaxies by a fifth."""
    if cluster.merger is None:
        return
    x, y = cluster.galaxy.centre_kpc
    place = 0.8 * (x + cluster.merger.x), 0.8 * (y + cluster.merger.y)
    own = painting.empty()
    scale = 90.0 * (cluster.merger.mass / 1e14) ** 0.33
    painting.add_clump(own, 1.0, scale, place, 900.0)
    share = min(0.6, (cluster.merger.mass / cluster.mass) ** 1.1)
    image += own * (share * peak / own.max())


def _concentration(xray: NDArray[np.float64], centre: tuple[float, float]) -> float:
    """Return the X-rays within 100 kpc over those within 400 kpc of a centre."""
    place = offsets_kpc()
    distance = np.hypot(place[:, None] - centre[1], place - centre[0])
    return float(xray[distance < 100].sum() / xray[distance < 400].sum())
