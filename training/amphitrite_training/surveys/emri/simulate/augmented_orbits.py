"""Orbits in the terms of the kludge and in those of the augmented kludge.

The augmented kludge counts azimuthal, polar and radial phases.  The kludge's mean
anomaly is the radial phase, its pericentre turns by the polar phase less the radial
one, and its node by the azimuthal phase less the polar one.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from scipy.optimize import brentq

from amphitrite.surveys.emri.sampling import SAMPLE_SECONDS
from amphitrite_training.surveys.emri.simulate.augmented_worker import Source, Wave
from amphitrite_training.surveys.emri.simulate.inspirals import SUN_SECONDS, Inspiral
from amphitrite_training.surveys.emri.simulate.orbits import (
    ANOMALY,
    ECCENTRICITY,
    FREQUENCY,
    NODE,
    PERICENTRE,
    SAMPLES_PER_STEP,
    Orbit,
    rates,
)

STEP: Final = SAMPLES_PER_STEP * SAMPLE_SECONDS
"""Seconds between two points of an orbit."""


def source(inspiral: Inspiral, path: Orbit, seconds: float = 0.0) -> Source:
    """Return an inspiral in the conventions of fastemriwaveforms.

    Parameters
    ----------
    inspiral : Inspiral
    path : Orbit
        Its orbit; the source starts where that does.
    seconds : float
        How much earlier than that it starts.
    """
    state = path.state[:, 0] - seconds * path.rate[:, 0]
    mass = (inspiral.mass + inspiral.compact_mass) * SUN_SECONDS
    size = (2 * math.pi * state[FREQUENCY] * mass) ** (-2 / 3)
    radial = state[ANOMALY]
    polar = radial + state[PERICENTRE]
    return Source(
        masses=(inspiral.mass, inspiral.compact_mass),
        spin=inspiral.spin,
        orbit=(
            float((1 - state[ECCENTRICITY] ** 2) * size),
            float(state[ECCENTRICITY]),
            math.cos(inspiral.inclination),
        ),
        phases=(float(polar + state[NODE]), float(polar), float(radial)),
        distance=inspiral.distance,
        angles=(
            inspiral.source_theta,
            inspiral.source_phi,
            inspiral.spin_theta,
            inspiral.spin_phi,
        ),
    )


def path_of(wave: Wave, *, azimuthal: bool = False) -> Orbit:
    """Return the orbit of a wave during the segment, in the kludge's terms.

    Its frequency is the radial one, or the azimuthal one, which sets the amplitude of
    the package's waves.
    """
    e, _, *phases, phi, theta, r = wave.orbit[:, 1:-1]
    frequency = (phi if azimuthal else r) / (2 * math.pi)
    state = [phases[2], frequency, e, phases[1] - phases[2], phases[0] - phases[1]]
    slopes = [np.gradient(row, STEP) for row in (frequency, e)]
    rate = [r, *slopes, theta - r, phi - theta]
    return Orbit(np.stack(state), np.stack(rate), STEP)


def ending_like(asked: Source, path: Orbit, cosine: float) -> Inspiral:
    """Return the inspiral whose orbit ends in the state of another's last point.

    It has the same azimuthal frequency.
    """
    state = path.state[:, -1]
    total = sum(asked.masses)
    wanted = path.rate[[ANOMALY, PERICENTRE, NODE], -1].sum()

    def surplus(frequency: float) -> float:
        masses = total * SUN_SECONDS, asked.masses[1] * SUN_SECONDS
        found = rates(frequency, state[ECCENTRICITY], *masses, asked.spin, cosine)
        return float(found[ANOMALY] + found[PERICENTRE] + found[NODE] - wanted)

    frequency = brentq(surplus, 0.2 * state[FREQUENCY], 3 * state[FREQUENCY])
    return Inspiral(
        mass=total,
        compact_mass=math.prod(asked.masses) / total,
        spin=asked.spin,
        inclination=math.acos(cosine),
        frequency=float(frequency),
        eccentricity=float(state[ECCENTRICITY]),
        anomaly=float(state[ANOMALY]),
        pericentre=float(state[PERICENTRE]),
        node=float(state[NODE]),
        source_theta=asked.angles[0],
        source_phi=asked.angles[1],
        spin_theta=asked.angles[2],
        spin_phi=asked.angles[3],
        distance=asked.distance,
    )
