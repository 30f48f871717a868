"""Inspirals of a compact object into a massive black hole, and how they are drawn."""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from astropy import units
from astropy.cosmology import Planck18

SUN_SECONDS: Final = 4.925490947641267e-6
"""G Msun / c^3."""
COMPACT_MASS: Final = 10.0
"""Mass of a compact object in solar masses, in the frame of the source."""
HIGHEST_ECCENTRICITY: Final = 0.7
"""Highest eccentricity of an orbit that is followed."""


@dataclass(frozen=True, kw_only=True)
class Inspiral:
    """The parameters of an inspiral.

    Masses and times are those of the detector: masses are larger by 1 + z than in the
    frame of the source.  Angles are in radians, directions in ecliptic coordinates,
    with theta from the pole.  The orbit is given at its reference moment, which lies
    `later` seconds after the end of the segment.

    Parameters
    ----------
    mass, compact_mass : float
        Masses of the black hole and of the compact object in solar masses.
    spin : float
        Spin of the black hole over the square of its mass, 0 to 1.
    inclination : float
        Angle between the spin and the orbital angular momentum.
    frequency : float
        Orbital frequency in Hz at the reference moment.
    eccentricity : float
        Eccentricity at the reference moment.
    anomaly, pericentre, node : float
        Mean anomaly, direction of the pericentre, and azimuth of the orbital angular
        momentum around the spin, at the reference moment.
    later : float
        Seconds from the end of the segment to the reference moment, 0 or more.
    source_theta, source_phi : float
        Direction of the source.
    spin_theta, spin_phi : float
        Direction of the spin.
    distance : float
        Luminosity distance in Gpc.
    """

    mass: float
    compact_mass: float = COMPACT_MASS
    spin: float
    inclination: float
    frequency: float
    eccentricity: float
    anomaly: float
    pericentre: float
    node: float
    later: float = 0.0
    source_theta: float
    source_phi: float
    spin_theta: float
    spin_phi: float
    distance: float = 1.0


@dataclass(frozen=True, kw_only=True)
class Population:
    """How the parameters of inspirals are distributed.

    The ranges of mass and spin are those of Zhang et al. 2022, arXiv:2202.07158;
    directions and phases are isotropic, the spin's too.

    Parameters
    ----------
    log_mass : (float, float)
        Limits of the decimal logarithm of the black hole's mass in solar masses, in the
        frame of the source; uniform between them.
    spin : (float, float)
        Limits of the spin; uniform between them.
    eccentricity : (float, float)
        Limits of the eccentricity at the last stable orbit; uniform between them.
    early : float
        Share of the signals that end later than the segment.
    latest : float
        Seconds from the segment's end to the latest last stable orbit of an early one.
    end_hz : (float, float)
        Limits of the orbital frequency at which a signal ends if it has not reached the
        last stable orbit there: that of a black hole below some 3e5 solar masses lies
        above the band.
    redshift : float
        Redshift z of the sources: the detector sees masses that are 1 + z times larger,
        at the luminosity distance [1]_.  At 0, the distance is 1 Gpc.

    References
    ----------
    .. [1] Planck Collaboration 2020, A&A 641, A6, arXiv:1807.06209
    """

    log_mass: tuple[float, float] = (4.0, 7.0)
    spin: tuple[float, float] = (0.0, 0.98)
    eccentricity: tuple[float, float] = (0.0, 0.2)
    early: float = 0.5
    latest: float = 180 * 86_400.0
    end_hz: tuple[float, float] = (2e-3, 8e-3)
    redshift: float = 0.0


def draw(rng: np.random.Generator, population: Population | None = None) -> Inspiral:
    """Return an inspiral of a population."""
    population = population or Population()
    larger = 1 + population.redshift
    mass = larger * 10 ** rng.uniform(*population.log_mass)
    eccentricity = rng.uniform(*population.eccentricity)
    limit = rng.uniform(*population.end_hz)
    plunge = last_stable_frequency(mass, eccentricity)
    early = rng.random() < population.early
    delay = rng.uniform(0, population.latest)
    angle = 2 * math.pi
    return Inspiral(
        mass=mass,
        compact_mass=larger * COMPACT_MASS,
        spin=rng.uniform(*population.spin),
        inclination=math.acos(rng.uniform(-1, 1)),
        frequency=min(plunge, limit),
        eccentricity=eccentricity,
        anomaly=rng.uniform(0, angle),
        pericentre=rng.uniform(0, angle),
        node=rng.uniform(0, angle),
        # a signal that ends above the band is cut where the frequency is drawn
        later=delay if early and plunge <= limit else 0.0,
        source_theta=math.acos(rng.uniform(-1, 1)),
        source_phi=rng.uniform(0, angle),
        spin_theta=math.acos(rng.uniform(-1, 1)),
        spin_phi=rng.uniform(0, angle),
        distance=distance(population.redshift) if population.redshift else 1.0,
    )


@functools.cache
def distance(redshift: float) -> float:
    """Return the luminosity distance in Gpc in the cosmology of Planck 2018."""
    return float(Planck18.luminosity_distance(redshift).to_value(units.Gpc))


def last_stable_frequency(mass: float, eccentricity: float) -> float:
    """Return the orbital frequency in Hz at the last stable orbit without spin.

    Parameters
    ----------
    mass : float
        Mass of the black hole in solar masses.
    eccentricity : float
        Eccentricity there.

    Notes
    -----
    ``nu = [(1 - e^2) / (6 + 2 e)]^(3/2) / (2 pi M)``, as in Barack & Cutler 2004,
    PRD 69, 082005, arXiv:gr-qc/0310125.
    """
    ratio = (1 - eccentricity**2) / (6 + 2 * eccentricity)
    return ratio**1.5 / (2 * math.pi * mass * SUN_SECONDS)
