"""How far the kludge and the augmented kludge agree, in numbers for a model card.

Both have the same azimuthal frequency, on which the strongest harmonic depends, and the
same eccentricity, inclination and phases at the end of a segment.  Before it they drift
apart, as the kludge lets the orbit shrink and precess by low post-Newtonian orders, but
the augmented kludge has the frequencies of orbits in Kerr's space-time and fluxes of
fifth order.  So they agree far from the black hole and for a short time.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from amphitrite.engine import workers
from amphitrite.errors import BadInput
from amphitrite.surveys.emri.prepare.whitening import whiten
from amphitrite.surveys.emri.sampling import N_SAMPLES
from amphitrite_training.surveys.emri.simulate import augmented, waveforms
from amphitrite_training.surveys.emri.simulate.augmented_orbits import (
    STEP,
    ending_like,
    path_of,
)
from amphitrite_training.surveys.emri.simulate.augmented_strain import LEAD, strain
from amphitrite_training.surveys.emri.simulate.augmented_worker import Source
from amphitrite_training.surveys.emri.simulate.inspirals import COMPACT_MASS
from amphitrite_training.surveys.emri.simulate.orbits import (
    ANOMALY,
    FREQUENCY,
    NODE,
    PERICENTRE,
    SAMPLES_PER_STEP,
    orbit,
)

Strain = NDArray[np.floating]

DAYS: Final = (1.0, 10.0, 91.0)
"""Lengths of the stretches at the end of the segment."""
_SPINLESS: Final = 1e-5  # the package's orientation differs at 0


@dataclass(frozen=True)
class Case:
    """An inspiral of 10 solar masses; the source lies at the ecliptic pole.

    There the Doppler shift vanishes, which both kludges treat in different ways.

    Parameters
    ----------
    mass : float
        Mass of the black hole in solar masses.
    spin : float
        Its spin over the square of its mass.
    semi_latus : float
        Semi-latus rectum at the first sample in units of the mass.
    eccentricity, cosine : float
        Eccentricity and cosine of the inclination there.
    """

    mass: float
    spin: float
    semi_latus: float
    eccentricity: float = 0.1
    cosine: float = 0.8


CASES: Final = (
    Case(1e5, _SPINLESS, 60.0),
    Case(1e5, _SPINLESS, 25.0),
    Case(1e6, _SPINLESS, 9.0),
    Case(1e6, 0.9, 9.0),
)
"""From weak gravity to strong, and to a spin."""


@dataclass(frozen=True)
class Agreement:
    """Figures of agreement of a case.

    Parameters
    ----------
    case : Case
    same_orbit : float
        Overlap of the waves that both packages make of one orbit, that of the augmented
        kludge; neither time nor phase is shifted.
    overlap : dict of float
        By days: overlap of the kludge's and the augmented kludge's whitened signals,
        the highest for any shift of time and phase.
    cycles : dict of float
        By days: how many cycles of the azimuthal phase they are apart that long before
        the end.
    radial : float
        Relative difference of the radial frequency at the end, kludge less augmented
        kludge: one precesses otherwise than the other.
    """

    case: Case
    same_orbit: float
    overlap: dict[float, float]
    cycles: dict[float, float]
    radial: float


def agreement(
    cases: Sequence[Case] = CASES, days: Sequence[float] = DAYS
) -> Iterator[Agreement]:
    """Yield the figures of agreement of some cases.

    Parameters
    ----------
    cases : sequence of Case
        Cases in which there is no plunge within a segment.
    days : sequence of float
        Lengths of stretches at the end of the segment.

    Raises
    ------
    MissingExtra
        fastemriwaveforms is not installed.
    BadInput
        There is a plunge in a case, or its orbit was too eccentric.
    """
    augmented.package_version()
    with workers.pool(1) as process:
        for case in cases:
            yield compared(case, days, process)


def compared(case: Case, days: Sequence[float], process: Executor) -> Agreement:
    """Return the figures of a case; `process` as in `augmented.signal`."""
    asked = Source(
        masses=(case.mass, COMPACT_MASS),
        spin=case.spin,
        orbit=(case.semi_latus, case.eccentricity, case.cosine),
        phases=(1.0, 2.0, 3.0),
        distance=1.0,
        angles=(1e-6, 2.0, 0.8, 1.5),
    )
    n = N_SAMPLES + 2 * LEAD
    wave = augmented.made(process, asked, n, STEP)
    if wave is None or len(wave.strain) < wave.oversampling * n:
        raise BadInput(f"there is a plunge within the segment in {case}")
    theirs = path_of(wave)
    inspiral = ending_like(asked, theirs, float(wave.orbit[1, -2]))
    ours = orbit(inspiral)
    if ours is None:
        raise BadInput(f"the kludge cannot follow the orbit of {case}")
    signal = strain(inspiral, wave)
    same, own = (
        waveforms.strain(inspiral, path)
        for path in (path_of(wave, azimuthal=True), ours)
    )
    stretches = {day: _samples(day) for day in days}
    points = {day: -1 - m // SAMPLES_PER_STEP for day, m in stretches.items()}
    phases = [
        path.state[[ANOMALY, PERICENTRE, NODE]].sum(axis=0) for path in (ours, theirs)
    ]
    apart = (phases[0] - phases[1]) / (2 * math.pi)
    return Agreement(
        case,
        _overlap(same, signal),
        {day: match(own[:, -m:], signal[:, -m:]) for day, m in stretches.items()},
        {day: float(apart[point]) for day, point in points.items()},
        float(ours.state[FREQUENCY, -1] / theirs.state[FREQUENCY, -1] - 1),
    )


def match(one: Strain, two: Strain) -> float:
    """Return the highest overlap of two whitened signals at any shift and phase.

    Parameters
    ----------
    one, two : (2, n) ndarray
        Strain.

    Returns
    -------
    float
        From 0 to 1.
    """
    n = one.shape[-1]
    a, b = (whiten(strain, taper=n // 20) for strain in (one, two))
    product = (fft.rfft(a) * fft.rfft(b).conj()).sum(axis=0)
    return float(2 * np.abs(fft.ifft(product, n)).max() / math.sqrt(_sum(a) * _sum(b)))


def _overlap(one: Strain, two: Strain) -> float:
    a, b = whiten(one), whiten(two)
    return float((a * b).sum() / math.sqrt(_sum(a) * _sum(b)))


def _sum(values: Strain) -> float:
    return float((values**2).sum())


def _samples(days: float) -> int:
    """Return the samples of a number of days, in whole steps of the orbit."""
    steps = round(days * 86_400 / STEP)
    return min(steps * SAMPLES_PER_STEP, N_SAMPLES)
