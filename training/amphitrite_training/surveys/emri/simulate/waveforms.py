"""Waveforms: the strain of an inspiral in the two channels of TianQin.

The analytic kludge of Barack & Cutler 2004, PRD 69, 082005, arXiv:gr-qc/0310125.  The
harmonics of an orbit add up to three series of time, which its orientation and the
detector's then combine; so the sum over harmonics knows nothing of directions.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from amphitrite.surveys.emri.sampling import NYQUIST_HZ, SAMPLE_SECONDS
from amphitrite_training.surveys.emri.simulate.harmonics import amplitudes, n_harmonics
from amphitrite_training.surveys.emri.simulate.inspirals import SUN_SECONDS, Inspiral
from amphitrite_training.surveys.emri.simulate.orbits import (
    ANOMALY,
    ECCENTRICITY,
    FREQUENCY,
    NODE,
    PERICENTRE,
    Orbit,
)
from amphitrite_training.surveys.emri.simulate.response import (
    NORMAL,
    ROTATION_HZ,
    direction,
    doppler_delay,
    patterns,
)

Series = NDArray[np.floating]

GPC_SECONDS: Final = 1.029271250e17
"""A gigaparsec over the speed of light."""
CUT: Final = 0.95
"""Highest frequency of a harmonic over the Nyquist frequency; others are left out."""
_HALF_ROOT_3: Final = math.sqrt(3) / 2


def strain(inspiral: Inspiral, orbit: Orbit) -> NDArray[np.float32]:
    """Return the strain of an inspiral in channels I and II.

    Parameters
    ----------
    inspiral : Inspiral
        The inspiral.
    orbit : Orbit
        Its orbit; the first point is the first sample, the last one the moment after
        the last sample.

    Returns
    -------
    (2, n) ndarray of float32
        Strain times 1e20, which keeps it within single precision, at steps of
        `SAMPLE_SECONDS`; no harmonic above 0.95 of the Nyquist frequency.
    """
    scale = inspiral.compact_mass * SUN_SECONDS / (inspiral.distance * GPC_SECONDS)
    moments = _moments(inspiral, orbit)
    plus, cross, geometry = _polarisations(inspiral, orbit, moments)
    channels = patterns(*geometry)
    factor = np.float32(_HALF_ROOT_3 * scale * STRAIN_UNIT)
    return np.stack([factor * (f[0] * plus + f[1] * cross) for f in channels])


STRAIN_UNIT: Final = 1e20
"""Factor on the strain."""


@dataclass(frozen=True)
class _Within:
    """Interpolation between the points of an orbit, at every sample."""

    orbit: Orbit

    @property
    def _share(self) -> NDArray[np.float64]:
        n = round(self.orbit.step / SAMPLE_SECONDS)
        return np.arange(n) / n

    @property
    def time(self) -> NDArray[np.float64]:
        """Seconds since the first sample."""
        n = self.orbit.state.shape[1] - 1
        return np.arange(n * len(self._share)) * SAMPLE_SECONDS

    def phase(self, row: int) -> NDArray[np.float64]:
        """Return an angle in rad, by cubic Hermite interpolation."""
        s, step = self._share, self.orbit.step
        weights = [
            (1 + 2 * s) * (1 - s) ** 2,
            s * (1 - s) ** 2 * step,
            s**2 * (3 - 2 * s),
            s**2 * (s - 1) * step,
        ]
        value, rate = self.orbit.state[row], self.orbit.rate[row]
        known = np.stack([value[:-1], rate[:-1], value[1:], rate[1:]], axis=1)
        return (known @ np.stack(weights)).ravel()

    def linear(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return values at the orbit's points, interpolated linearly."""
        s = self._share
        return (
            np.stack([values[:-1], values[1:]], axis=1) @ np.stack([1 - s, s])
        ).ravel()


def _moments(inspiral: Inspiral, orbit: Orbit) -> tuple[Series, Series, Series]:
    """Return the sums of ``a_n cos``, ``b_n sin`` and ``c_n cos`` over the harmonics.

    They are series of float32.  Each harmonic is that of the frequency
    ``n nu + (d pericentre / dt) / pi``, shifted by the Doppler effect.
    """
    within = _Within(orbit)
    delay = doppler_delay(
        direction(inspiral.source_theta, inspiral.source_phi), within.time
    )
    turn = orbit.rate[PERICENTRE] / math.pi
    frequency = orbit.state[FREQUENCY]
    angle = 2 * np.pi * delay
    basic = within.phase(ANOMALY) + angle * within.linear(frequency)
    step = _phasor(basic)
    phasor = _phasor(angle * within.linear(turn))
    sums = np.zeros((3, len(basic)), np.float32)
    n = n_harmonics(float(orbit.state[ECCENTRICITY].max()))
    size = (2 * np.pi * frequency * inspiral.mass * SUN_SECONDS) ** (2 / 3)
    known = size * amplitudes(orbit.state[ECCENTRICITY], n)
    share = np.tile(within._share.astype(np.float32), (len(frequency) - 1, 1))
    for number in range(1, n + 1):
        phasor *= step
        heard = number * frequency + turn <= CUT * NYQUIST_HZ
        if not heard.any():
            break
        parts = (phasor.real, phasor.imag, phasor.real)
        for total, factor, part in zip(
            sums, known[:, number - 1] * heard, parts, strict=True
        ):
            first = factor[:-1, None].astype(np.float32)
            change = np.diff(factor)[:, None].astype(np.float32)
            amplitude = first + change * share
            total += (amplitude * part.reshape(share.shape)).ravel()
    return sums[0], sums[1], sums[2]


def _phasor(angle: NDArray[np.float64]) -> NDArray[np.complex64]:
    """Return exp(i angle); angles are reduced before they lose digits."""
    cos, sin = _cos_sin(angle)
    phasor = np.empty(len(angle), np.complex64)
    phasor.real, phasor.imag = cos, sin
    return phasor


def _cos_sin(angle: NDArray[np.float64]) -> tuple[Series, Series]:
    turns = angle * (0.5 / np.pi)
    turns -= np.rint(turns)
    reduced = (2 * np.pi * turns).astype(np.float32)
    return np.cos(reduced), np.sin(reduced)


def _polarisations(
    inspiral: Inspiral, orbit: Orbit, moments: tuple[Series, Series, Series]
) -> tuple[Series, Series, tuple[NDArray[np.float64], Series, Series, Series]]:
    """Return h+ and hx, without mu / D, and what `patterns` needs of the geometry."""
    within = _Within(orbit)
    source = direction(inspiral.source_theta, inspiral.source_phi)
    spin = direction(inspiral.spin_theta, inspiral.spin_phi)
    # two axes normal to the spin; the node is counted from the first
    first = direction(inspiral.spin_theta - math.pi / 2, inspiral.spin_phi)
    second = np.cross(spin, first)
    cos_i, sin_i = math.cos(inspiral.inclination), math.sin(inspiral.inclination)
    cos_node, sin_node = _cos_sin(within.phase(NODE))

    def along(vector: NDArray[np.float64]) -> Series:
        """Return the component of the orbital angular momentum along a vector."""
        parts = (sin_i * float(first @ vector), sin_i * float(second @ vector))
        return (
            np.float32(cos_i * float(spin @ vector))
            + np.float32(parts[0]) * cos_node
            + np.float32(parts[1]) * sin_node
        )

    towards = along(source)
    # beta: the angle by which the pericentre's origin differs from the line of nodes
    up = np.float32(cos_i) * towards - np.float32(spin @ source)
    beside = np.float32(sin_i) * (
        np.float32(second @ source) * cos_node - np.float32(first @ source) * sin_node
    )
    cos_beta, sin_beta = _twice(beside, up)
    cos_peri, sin_peri = _cos_sin(2 * within.phase(PERICENTRE))
    cos = cos_peri * cos_beta - sin_peri * sin_beta
    sin = sin_peri * cos_beta + cos_peri * sin_beta
    a, b, c = moments
    square = towards * towards
    plus = -(1 + square) * (a * cos - b * sin) + (1 - square) * c
    cross = 2 * towards * (b * cos + a * sin)
    psi = _twice(
        along(np.cross(NORMAL, source)),
        along(NORMAL) - towards * np.float32(source @ NORMAL),
    )
    rotation = (2 * np.pi * ROTATION_HZ * within.time).astype(np.float32)
    return plus, cross, (source, rotation, *psi)


def _twice(x: Series, y: Series) -> tuple[Series, Series]:
    """Return cosine and sine of twice the angle of (x, y); of 0 for (0, 0)."""
    length = x * x + y * y
    length = np.where(length > 0, length, 1)
    return (x * x - y * y) / length, 2 * x * y / length
