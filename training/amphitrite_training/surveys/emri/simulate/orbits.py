"""The orbit of an inspiral, by the post-Newtonian equations of the analytic kludge.

Barack & Cutler 2004, PRD 69, 082005, arXiv:gr-qc/0310125, section II.  Time, mass and
distance are in seconds (G = c = 1).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from amphitrite.surveys.emri.sampling import N_SAMPLES, SAMPLE_SECONDS
from amphitrite_training.surveys.emri.simulate.inspirals import (
    HIGHEST_ECCENTRICITY,
    SUN_SECONDS,
    Inspiral,
)

SAMPLES_PER_STEP: Final = 64
"""Samples of the strain between two points of an orbit."""
LOWEST_ORBITAL_HZ: Final = 1e-6
"""Orbital frequency below which an orbit is not followed."""
ANOMALY, FREQUENCY, ECCENTRICITY, PERICENTRE, NODE = range(5)
"""Rows of `Orbit.state`."""


@dataclass(frozen=True)
class Orbit:
    """The orbit of an inspiral at even steps of a segment, both ends included.

    Parameters
    ----------
    state : (5, n) ndarray of float64
        Mean anomaly in rad, orbital frequency in Hz, eccentricity, direction of the
        pericentre and azimuth of the orbital angular momentum around the spin in rad.
    rate : (5, n) ndarray of float64
        Their derivatives in time, per second.
    step : float
        Seconds between two points.
    """

    state: NDArray[np.float64]
    rate: NDArray[np.float64]
    step: float


def orbit(
    inspiral: Inspiral,
    *,
    n_samples: int = N_SAMPLES,
    samples_per_step: int = SAMPLES_PER_STEP,
) -> Orbit | None:
    """Return the orbit of an inspiral during a segment.

    Parameters
    ----------
    inspiral : Inspiral
        The inspiral; its reference moment is the last point, or later.
    n_samples : int
        Samples of the segment, a multiple of `samples_per_step`.
    samples_per_step : int
        Samples between two points; the orbit is followed back by Runge-Kutta steps of
        fourth order of that length.

    Returns
    -------
    Orbit or None
        None if the orbit was more eccentric than `HIGHEST_ECCENTRICITY` or slower than
        `LOWEST_ORBITAL_HZ` at some moment of the segment.
    """
    step = samples_per_step * SAMPLE_SECONDS
    state = np.empty((n_samples // samples_per_step + 1, 5))
    rate = np.empty_like(state)
    end = (
        inspiral.anomaly,
        inspiral.frequency,
        inspiral.eccentricity,
        inspiral.pericentre,
        inspiral.node,
    )
    good = _follow_back(
        end,
        inspiral.mass * SUN_SECONDS,
        inspiral.compact_mass * SUN_SECONDS,
        inspiral.spin,
        math.cos(inspiral.inclination),
        step,
        int(inspiral.later // step),
        state,
        rate,
    )
    return Orbit(state.T.copy(), rate.T.copy(), step) if good else None


@njit(cache=True)
def rates(frequency, eccentricity, mass, compact_mass, spin, cosine):  # noqa: D103
    # the derivatives of anomaly, frequency, eccentricity, pericentre and node
    e2 = eccentricity * eccentricity
    y = 1 - e2
    x = 2 * math.pi * mass * frequency
    z = x ** (1 / 3)
    z2 = z * z
    z8 = z2 * z2 * z2 * z2
    z11 = z8 * x
    root = math.sqrt(y)
    y4 = y * y * y * y
    chirp = (
        (1 + 73 / 24 * e2 + 37 / 96 * e2 * e2) * y
        + z2
        * (
            1273 / 336
            - 2561 / 224 * e2
            - 3885 / 128 * e2 * e2
            - 13147 / 5376 * e2 * e2 * e2
        )
        - x
        * spin
        * cosine
        / root
        * (73 / 12 + 1211 / 24 * e2 + 3143 / 96 * e2 * e2 + 65 / 64 * e2 * e2 * e2)
    )
    frequency_rate = (
        96 / (10 * math.pi) * compact_mass / mass**3 * z11 / (y4 * root) * chirp
    )
    decay = (304 + 121 * e2) * y * (1 + 12 * z2) - z2 / 56 * (
        8 * 16705 + 12 * 9082 * e2 - 25211 * e2 * e2
    )
    drag = 1364 / 5 + 5032 / 15 * e2 + 263 / 10 * e2 * e2
    eccentricity_rate = (
        eccentricity
        * compact_mass
        / mass**2
        * (-z8 / (15 * y * y * y * root) * decay + spin * cosine * z11 / y4 * drag)
    )
    node_rate = 4 * math.pi * frequency * spin * x / (y * root)
    pericentre_rate = (
        6 * math.pi * frequency * z2 / y * (1 + z2 / (4 * y) * (26 - 15 * e2))
        - 3 * cosine * node_rate
    )
    return (
        2 * math.pi * frequency,
        frequency_rate,
        eccentricity_rate,
        pericentre_rate,
        node_rate,
    )


@njit(cache=True)
def _shifted(state, rate, seconds):
    return (
        state[0] + seconds * rate[0],
        state[1] + seconds * rate[1],
        state[2] + seconds * rate[2],
        state[3] + seconds * rate[3],
        state[4] + seconds * rate[4],
    )


@njit(cache=True)
def _follow_back(
    end, mass, compact_mass, spin, cosine, step, n_after, states, all_rates
):
    """Fill states and rates from the last row to the first; return whether all can be.

    The first `n_after` steps back lie behind the segment and are not kept.
    """
    state = end
    row = len(states) - 1 + n_after
    while True:
        if not (state[1] > LOWEST_ORBITAL_HZ and 0 <= state[2] < HIGHEST_ECCENTRICITY):
            return False
        k1 = rates(state[1], state[2], mass, compact_mass, spin, cosine)
        if row < len(states):
            for i in range(5):
                states[row, i] = state[i]
                all_rates[row, i] = k1[i]
        if row == 0:
            return True
        middle = _shifted(state, k1, -step / 2)
        k2 = rates(middle[1], middle[2], mass, compact_mass, spin, cosine)
        middle = _shifted(state, k2, -step / 2)
        k3 = rates(middle[1], middle[2], mass, compact_mass, spin, cosine)
        before = _shifted(state, k3, -step)
        k4 = rates(before[1], before[2], mass, compact_mass, spin, cosine)
        state = _shifted(state, k1, -step / 6)
        state = _shifted(state, k2, -step / 3)
        state = _shifted(state, k3, -step / 3)
        state = _shifted(state, k4, -step / 6)
        row -= 1
