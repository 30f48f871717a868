"""The strain of a wave that is given as a series of time, in both channels of TianQin.

The wave is heard at the moments at which it reaches the Earth; so every harmonic is
shifted by the Doppler effect as it should be.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import fft
from scipy.ndimage import map_coordinates

from amphitrite.surveys.emri.prepare.whitening import TAPER, ramps
from amphitrite.surveys.emri.sampling import N_SAMPLES, NYQUIST_HZ, SAMPLE_SECONDS
from amphitrite_training.surveys.emri.simulate.augmented_worker import Wave
from amphitrite_training.surveys.emri.simulate.inspirals import Inspiral
from amphitrite_training.surveys.emri.simulate.orbits import SAMPLES_PER_STEP
from amphitrite_training.surveys.emri.simulate.response import (
    NORMAL,
    ROTATION_HZ,
    direction,
    doppler_delay,
    patterns,
)
from amphitrite_training.surveys.emri.simulate.waveforms import CUT, STRAIN_UNIT

LEAD: Final = SAMPLES_PER_STEP
"""Samples of a wave before the segment and behind it: over twice the Doppler delay."""
_FINE: Final = 4
_DEGREE: Final = 5


def strain(inspiral: Inspiral, wave: Wave) -> NDArray[np.float32]:
    """Return the strain of a wave in channels I and II.

    Parameters
    ----------
    inspiral : Inspiral
        Where it comes from.
    wave : Wave
        The wave, from `LEAD` samples before the segment on.

    Returns
    -------
    (2, `N_SAMPLES`) ndarray of float32
        Strain times `STRAIN_UNIT`; nothing above 0.95 of the Nyquist frequency, and
        zero after the plunge, to which a cosine ramp leads.
    """
    towards = direction(inspiral.source_theta, inspiral.source_phi)
    spin = direction(inspiral.spin_theta, inspiral.spin_phi)
    time = np.arange(N_SAMPLES) * SAMPLE_SECONDS
    place = LEAD + (time + doppler_delay(towards, time)) / SAMPLE_SECONDS
    heard = interpolated(_whole(wave), wave.oversampling, place)
    twice = 2 * math.atan2(
        spin @ NORMAL - (spin @ towards) * (towards @ NORMAL),
        float(spin @ np.cross(NORMAL, towards)),
    )
    rotation = 2 * np.pi * ROTATION_HZ * time
    psi = np.array(math.cos(twice)), np.array(math.sin(twice))
    factor = STRAIN_UNIT * math.sqrt(3) / 2
    channels = [
        factor * (plus * heard.real - cross * heard.imag)
        for plus, cross in patterns(towards, rotation, *psi)
    ]
    return np.stack(channels).astype(np.float32)


def interpolated(
    wave: NDArray[np.complex128], oversampling: int, place: NDArray[np.float64]
) -> NDArray[np.complex128]:
    """Return what lies below 0.95 of the Nyquist frequency, at places between samples.

    Parameters
    ----------
    wave : (n oversampling,) ndarray of complex128
        A wave at steps of `SAMPLE_SECONDS` over `oversampling`.
    oversampling : int
        How many of its samples there are for one.
    place : (m,) ndarray of float64
        Places in samples of `SAMPLE_SECONDS` from the first one.
    """
    n = len(wave) // oversampling
    spectrum = fft.fft(wave)
    kept = int(CUT * NYQUIST_HZ * n * SAMPLE_SECONDS)
    fine = np.zeros(_FINE * n, np.complex128)
    fine[: kept + 1], fine[-kept:] = spectrum[: kept + 1], spectrum[-kept:]
    fine = fft.ifft(fine, overwrite_x=True) * (_FINE / oversampling)
    return np.asarray(map_coordinates(fine, [place * _FINE], order=_DEGREE))


def _whole(wave: Wave) -> NDArray[np.complex128]:
    """Return a wave of full length, zero after the plunge.

    It fades in and out outside the segment, as its ends do not meet.
    """
    n = wave.oversampling * (N_SAMPLES + 2 * LEAD)
    whole = np.zeros(n, np.complex128)
    m = len(wave.strain)
    whole[:m] = wave.strain
    if m < n:
        taper = min(m, TAPER * wave.oversampling)
        whole[m - taper : m] *= ramps(2 * taper, taper)[taper:]
    return whole * ramps(n, wave.oversampling * LEAD // 2)
