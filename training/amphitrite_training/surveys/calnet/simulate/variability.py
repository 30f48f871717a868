"""Stars that vary without being eclipsed by another star.

Every function returns the variation of one random star: its flux minus the undisturbed
one, relative to the latter, at given times in days, (n,).  The same state of the random
generator gives the same star.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

from amphitrite_training.surveys.calnet.simulate.eclipses import Orbit, light_curve

Floats = NDArray[np.float64]
Generator = np.random.Generator

# Amplitudes relative to the first harmonic, and phases (radians), of a sine series of
# the magnitude for RRab, RRc and high-amplitude delta Scuti stars.  They are close to
# those of Simon & Teays 1982, ApJ 261, 586, doi:10.1086/160369, whose phases are for a
# cosine series.
_PULSE_SHAPES: Final = {
    "ab": ((1, 0.45, 0.29, 0.17, 0.1, 0.08, 0.05), (0, 2.4, 5.1, 1.5, 4.2, 0.6, 3.2)),
    "c": ((1, 0.15, 0.06), (0, 3.1, 3.6)),
    "hads": ((1, 0.28, 0.12), (0, 2.4, 5.0)),
}
_PULSE_PERIODS: Final = {"ab": (0.35, 0.85), "c": (0.2, 0.45), "hads": (0.04, 0.2)}
_PULSE_MAGNITUDES: Final = {"ab": (0.08, 0.45), "c": (0.05, 0.25), "hads": (0.02, 0.25)}


def spots(
    rng: Generator,
    time: Floats,
    *,
    amplitude: float | None = None,
    period: float | None = None,
) -> Floats:
    """Return a rotating star with one to three spots that grow and fade.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of the random numbers.
    time : (n,) ndarray
        Times in days.
    amplitude : float, optional
        Peak-to-peak amplitude relative to the flux; by default 0.05 to 5 %.
    period : float, optional
        Rotation period in days; by default 0.3 to 22.  The periods of the spots differ
        by some 3 %, as at different latitudes.
    """
    period = 10 ** rng.uniform(-0.5, 1.35) if period is None else period
    amplitude = 10 ** rng.uniform(-3.3, -1.3) if amplitude is None else amplitude
    since = time - time[0]
    total = np.zeros_like(time)
    for _ in range(rng.integers(1, 4)):
        turn = since / (period * (1 + 0.03 * rng.normal())) + rng.random()
        facing = np.maximum(0, np.cos(2 * np.pi * turn) + rng.uniform(-0.4, 0.6))
        life = (since - rng.uniform(-10, 35)) / rng.uniform(12, 60)
        total -= rng.uniform(0.3, 1) * facing * np.exp(-(life**2))
    return np.asarray(amplitude * total / max(np.ptp(total), 1e-9))


def delta_scuti(rng: Generator, time: Floats) -> Floats:
    """Return a delta Scuti star: one to nine pressure modes of 3 to 75 cycles a day."""
    main = rng.uniform(5, 40)
    frequencies = np.clip(main + 8 * rng.normal(size=rng.integers(1, 10)), 3, 75)
    return _modes(rng, time, frequencies, 10 ** rng.uniform(-3.4, -1.6))


def gamma_doradus(rng: Generator, time: Floats) -> Floats:
    """Return a gamma Doradus star: up to seven gravity modes of 0.3 to 4 cycles a day.

    Some light curves have upward peaks, as found by Kurtz et al. 2015, MNRAS 450, 3015,
    doi:10.1093/mnras/stv868.
    """
    main = 10 ** rng.uniform(-0.5, 0.6)
    frequencies = main * (1 + 0.12 * rng.normal(size=rng.integers(1, 8)))
    total = _modes(rng, time, frequencies, 10 ** rng.uniform(-3.3, -1.7))
    if rng.random() < 0.3:
        total = total + total**2 / max(total.std(), 1e-9) * rng.uniform(0, 0.3)
    return total


def _modes(
    rng: Generator, time: Floats, frequencies: Floats, amplitude: float
) -> Floats:
    since = time - time[0]
    total = np.zeros_like(time)
    for frequency in frequencies:
        phase = 2 * np.pi * (frequency * since + rng.random())
        total += amplitude * rng.uniform(0.1, 1) * np.sin(phase)
    return total


def rr_lyrae(rng: Generator, time: Floats) -> Floats:
    """Return a radial pulsator: RRab, RRc or a high-amplitude delta Scuti star.

    The amplitude of a third of them varies slowly (Blazhko effect).
    """
    kind = str(rng.choice(["ab", "c", "hads"], p=[0.6, 0.24, 0.16]))
    ratios, phases = _PULSE_SHAPES[kind]
    period = rng.uniform(*_PULSE_PERIODS[kind])
    since = time - time[0]
    angle = 2 * np.pi * (since / period + rng.random())
    magnitude = np.zeros_like(time)
    for harmonic, (ratio, phase) in enumerate(zip(ratios, phases, strict=True), 1):
        scatter = harmonic > 1
        size = ratio * math.exp(0.2 * rng.normal() * scatter)
        shift = phase + 0.3 * rng.normal() * scatter
        magnitude += size * np.sin(harmonic * angle + shift)
    magnitude *= rng.uniform(*_PULSE_MAGNITUDES[kind])
    if rng.random() < 0.33:
        slow = 2 * np.pi * (since / rng.uniform(8, 60) + rng.random())
        magnitude *= 1 + rng.uniform(0, 0.25) * np.sin(slow)
    flux = 10 ** (-0.4 * magnitude)
    return np.asarray(flux / np.median(flux) - 1)


def transit(rng: Generator, time: Floats) -> Floats:
    """Return a star with a transiting planet of 2 to 13 % of the star's radius.

    The ratio of the star's radius and the semi-major axis follows Kepler's third law
    for one solar mass, with a scatter of 25 %.
    """
    period = 10 ** rng.uniform(0, 1.15)
    radius = min(0.4, 0.237 * period ** (-2 / 3) * math.exp(0.25 * rng.normal()))
    orbit = Orbit(
        period=period,
        epoch=time[0] + rng.uniform(0, min(period, 6)),
        radius1=radius,
        radius2=radius * 10 ** rng.uniform(-1.75, -0.9),
        brightness=1e-4,
        inclination=math.acos(rng.uniform(0, 0.85) * radius),
    )
    return np.asarray(light_curve(time, orbit) - 1)


def flares(rng: Generator, time: Floats) -> Floats:
    """Return a star with one to thirteen exponential flares of 0.1 to 25 %."""
    total = np.zeros_like(time)
    for _ in range(rng.integers(1, 14)):
        since = time - rng.uniform(time[0], time[-1])
        decay = np.exp(-np.maximum(since, 0) / 10 ** rng.uniform(-2.5, -1.2))
        rise = np.maximum(0, 1 + since / 0.005)
        total += 10 ** rng.uniform(-3, -0.6) * np.where(since > 0, decay, rise)
    return total


def ellipsoidal(rng: Generator, time: Floats) -> Floats:
    """Return a close binary without eclipses: distortion, irradiation and beaming.

    It has the three harmonics of Morris & Naftilan 1993, ApJ 419, 344,
    doi:10.1086/173488.  Two equal stars that fill their lobes vary by +-1.2 x 0.38^3
    sin^2 i, which is 3 % at an inclination of 45 deg, above which they would eclipse.
    """
    phase = 2 * np.pi * ((time - time[0]) / 10 ** rng.uniform(-0.6, 0.8) + rng.random())
    height = 10 ** rng.uniform(-3.3, -1.5)
    total = -height * np.cos(2 * phase)
    total += height * rng.uniform(0, 0.5) * np.cos(phase)
    total += height * rng.uniform(-0.15, 0.15) * np.sin(phase)
    total += height * rng.uniform(-0.1, 0.1) * np.cos(3 * phase)
    return np.asarray(total)


def trend(rng: Generator, time: Floats) -> Floats:
    """Return a slow variable, such as a Mira, with a part of its period in a sector."""
    turn = (time - time[0]) / rng.uniform(18, 120) + rng.random()
    return np.asarray(10 ** rng.uniform(-2.5, -0.7) * np.sin(2 * np.pi * turn))
