"""Light curves of two limb-darkened spheres that eclipse each other.

They are for binaries whose stars are much smaller than their Roche lobes, and for
transits of planets; `amphitrite_training.surveys.calnet.simulate.roche` is for others.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

_NODES: Final = 24
_TABLE: Final = 257
_NEWTON_STEPS: Final = 7
# Morris & Naftilan 1993 for limb darkening 0.5 and gravity darkening 0.32.
_ELLIPSOIDAL: Final = 0.15 * (15 + 0.5) * (1 + 0.32) / (3 - 0.5)
# The linear theory does not hold for larger amplitudes.
_MOST_ELLIPSOIDAL: Final = 0.12
_LAMBERT: Final = 2 / 3


@dataclass(frozen=True, kw_only=True)
class Orbit:
    """Two spheres on a Keplerian orbit.

    Parameters
    ----------
    period : float
        Orbital period in days.
    epoch : float
        Time at which star 2 is in front of star 1, in days.
    radius1, radius2 : float
        Radii in units of the semi-major axis.
    brightness : float
        Surface brightness of star 2 over that of star 1.
    inclination : float
        Inclination in radians; pi / 2 is edge on.
    eccentricity : float
        0 to 0.8.
    omega : float
        Argument of periastron of star 1's orbit in radians; star 2 is in front of star
        1 at a true anomaly of pi / 2 - omega.
    limb1, limb2 : float
        Coefficients of quadratic limb darkening, for both stars.
    mass_ratio : float
        Mass of star 2 over that of star 1; with 0 both stars are spherical.
    albedo : float
        Bolometric albedo, 0 to 1, of both stars.
    """

    period: float
    epoch: float
    radius1: float
    radius2: float
    brightness: float
    inclination: float
    eccentricity: float = 0.0
    omega: float = 0.0
    limb1: float = 0.35
    limb2: float = 0.2
    mass_ratio: float = 0.0
    albedo: float = 0.0


def blocked(
    distance: ArrayLike, ratio: float, *, limb1: float, limb2: float
) -> NDArray[np.float64]:
    """Return the fraction of a star's flux that an opaque disc blocks.

    Parameters
    ----------
    distance : (n,) array_like
        Distance between the centres in radii of the star; not negative.
    ratio : float
        Radius of the disc over that of the star, above 0.
    limb1, limb2 : float
        Coefficients of limb darkening: I(mu) = 1 - limb1 (1 - mu) - limb2 (1 - mu)^2.

    Returns
    -------
    (n,) ndarray
        0 to 1; equation 2 of [1]_ by numerical quadrature.

    Notes
    -----
    The nodes of the quadrature are dense at both ends of the ring, where the integrand
    behaves like a square root: 24 of them leave an error of about 1e-5.

    References
    ----------
    .. [1] Mandel & Agol 2002, ApJ 580, L171, doi:10.1086/345520
    """
    d = np.atleast_1d(np.asarray(distance, dtype=float))
    coefficients = (1 - limb1 - limb2, limb1 + 2 * limb2, -limb2)

    def beyond(mu: Floats) -> Floats:
        """Return the flux between the cosine mu and the centre of the star."""
        total = np.zeros_like(mu)
        for power, factor in enumerate(coefficients, 2):
            total += factor * (1 - mu**power) / power
        return total

    whole = float(beyond(np.zeros(1))[0])
    covered = np.clip(ratio - d, 0.0, 1.0)  # radius within which all is hidden
    light = beyond(np.sqrt(1 - covered**2))

    inner = np.minimum(np.abs(d - ratio), 1.0)
    outer = np.minimum(d + ratio, 1.0)
    nodes, weights = np.polynomial.legendre.leggauss(_NODES)
    theta = nodes * np.pi / 2
    half = (outer - inner)[:, None] / 2
    r = np.maximum((outer + inner)[:, None] / 2 + half * np.sin(theta), 1e-12)
    mu = np.sqrt(np.maximum(1 - r * r, 0.0))
    intensity = coefficients[0] + mu * (coefficients[1] + mu * coefficients[2])
    cosine = (r * r + d[:, None] ** 2 - ratio * ratio) / (
        2 * r * np.maximum(d, 1e-12)[:, None]
    )
    angle = np.arccos(np.clip(cosine, -1.0, 1.0)) / np.pi
    steps = half * np.cos(theta) * (weights * np.pi / 2)
    light += (intensity * r * angle * steps).sum(axis=1)
    return np.asarray(np.where(d < 1 + ratio, light / whole, 0.0))


def true_anomaly(mean: Floats, eccentricity: float) -> Floats:
    """Return the true anomaly, the solution of Kepler's equation.

    Parameters
    ----------
    mean : (n,) ndarray
        Mean anomaly in radians.
    eccentricity : float
        0 to 0.8.

    Returns
    -------
    (n,) ndarray
        True anomaly in radians, within one turn of the mean anomaly.
    """
    if eccentricity == 0:
        return mean
    eccentric = mean + eccentricity * np.sin(mean)
    for _ in range(_NEWTON_STEPS):
        error = eccentric - eccentricity * np.sin(eccentric) - mean
        eccentric = eccentric - error / (1 - eccentricity * np.cos(eccentric))
    stretch = eccentricity / (1 + math.sqrt(1 - eccentricity**2))
    return np.asarray(
        eccentric
        + 2 * np.arctan2(stretch * np.sin(eccentric), 1 - stretch * np.cos(eccentric))
    )


def light_curve(time: Floats, orbit: Orbit) -> Floats:
    """Return the light curve of a binary.

    Parameters
    ----------
    time : (n,) ndarray
        Times in days, on the scale of the orbit's epoch.
    orbit : Orbit
        The binary.

    Returns
    -------
    (n,) ndarray
        Flux relative to that of the two undisturbed stars, with eclipses, tidal
        distortion to first order [1]_ and mutual irradiation.

    References
    ----------
    .. [1] Morris & Naftilan 1993, ApJ 419, 344, doi:10.1086/173488
    """
    sin_i = math.sin(orbit.inclination)
    e = orbit.eccentricity
    first = math.pi / 2 - orbit.omega  # true anomaly at the epoch
    start = 2 * math.atan(math.sqrt((1 - e) / (1 + e)) * math.tan(first / 2))
    mean = 2 * np.pi * (time - orbit.epoch) / orbit.period
    angle = true_anomaly(mean + start - e * math.sin(start), e) + orbit.omega
    separation = (1 - e * e) / (1 + e * np.cos(angle - orbit.omega))
    sine = np.sin(angle)  # 1 where star 2 is in front
    distance = separation * np.sqrt(1 - (sine * sin_i) ** 2)

    light1 = orbit.radius1**2
    light2 = orbit.radius2**2 * orbit.brightness
    light1, light2 = light1 / (light1 + light2), light2 / (light1 + light2)
    flux = np.ones_like(time)
    for light, radius, other, in_front in (
        (light1, orbit.radius1, orbit.radius2, sine > 0),
        (light2, orbit.radius2, orbit.radius1, sine < 0),
    ):
        near = in_front & (distance < radius + other)
        if not near.any():
            continue
        grid = np.linspace(0, 1 + other / radius, _TABLE)
        share = blocked(grid, other / radius, limb1=orbit.limb1, limb2=orbit.limb2)
        flux[near] -= light * np.interp(distance[near] / radius, grid, share)

    if orbit.mass_ratio:
        pulled1 = light1 * orbit.mass_ratio * orbit.radius1**3
        pulled2 = light2 / orbit.mass_ratio * orbit.radius2**3
        height = min(_ELLIPSOIDAL * (pulled1 + pulled2), _MOST_ELLIPSOIDAL) * sin_i**2
        flux += height * (1 - 2 * sine**2) / separation**3
    if orbit.albedo:
        lit1 = light2 * orbit.radius1**2 * (1 + sine * sin_i) / 2
        lit2 = light1 * orbit.radius2**2 * (1 - sine * sin_i) / 2
        flux += orbit.albedo * _LAMBERT * (lit1 + lit2) / separation**2
    return np.asarray(flux)
