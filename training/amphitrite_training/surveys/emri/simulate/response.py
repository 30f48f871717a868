"""The response of TianQin: antenna patterns and the Doppler shift.

Three satellites on one orbit around the Earth keep the orientation of their plane,
whose normal points to the binary RX J0806.3+1527, and go round in 3.6 days.  Signals
are far longer than the arms, so the response is that of low frequencies.  Luo et al.
2016, CQG 33, 035010, arXiv:1512.02076; Hu et al. 2018, CQG 35, 095008,
arXiv:1803.03368.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]
Series = NDArray[np.floating]

ORBIT_RADIUS: Final = 1e8
"""Distance of the satellites from the Earth's centre in metres."""
ROTATION_HZ: Final = math.sqrt(3.986004418e14 / ORBIT_RADIUS**3) / (2 * math.pi)
"""Rotations of the constellation per second: one in 3.64 d."""
AU_SECONDS: Final = 499.00478
"""Astronomical unit over the speed of light."""
YEAR_SECONDS: Final = 31_558_149.76
"""A sidereal year."""
_LONGITUDE, _LATITUDE = math.radians(120.5), math.radians(-4.7)


def direction(theta: float, phi: float) -> Vector:
    """Return the (3,) unit vector of a direction; theta from the ecliptic pole."""
    sine = math.sin(theta)
    return np.array([sine * math.cos(phi), sine * math.sin(phi), math.cos(theta)])


NORMAL: Final = direction(math.pi / 2 - _LATITUDE, _LONGITUDE)
"""Normal of the constellation's plane."""
FIRST_AXIS: Final = np.array([-math.sin(_LONGITUDE), math.cos(_LONGITUDE), 0.0])
SECOND_AXIS: Final = np.cross(NORMAL, FIRST_AXIS)
"""With `FIRST_AXIS`, a right-handed base of that plane."""


def doppler_delay(source: Vector, time: Series) -> Series:
    """Return how much earlier than at the Sun a wave reaches the Earth, in seconds.

    Parameters
    ----------
    source : (3,) ndarray
        Unit vector to the source.
    time : ndarray
        Time in seconds.
    """
    angle = 2 * np.pi / YEAR_SECONDS * time
    return np.asarray(
        AU_SECONDS * (source[0] * np.cos(angle) + source[1] * np.sin(angle))
    )


def patterns(
    source: Vector, rotation: Series, cos2psi: Series, sin2psi: Series
) -> tuple[tuple[Series, Series], tuple[Series, Series]]:
    """Return the antenna patterns of both channels, F+ and Fx of I, then of II.

    Parameters
    ----------
    source : (3,) ndarray
        Unit vector to the source.
    rotation : ndarray
        Angle in rad by which the constellation has turned.
    cos2psi, sin2psi : ndarray
        Cosine and sine of twice the polarisation angle, the angle in the sky between
        the waves' principal axis and that of the constellation's plane.

    Notes
    -----
    They are those of arms at right angles; the signal of arms 60 deg apart is
    sqrt(3)/2 of it.
    """
    towards = float(source @ NORMAL)
    azimuth = math.atan2(float(source @ SECOND_AXIS), float(source @ FIRST_AXIS))
    twice = 2 * (azimuth - rotation)
    cos, sin = np.cos(twice), np.sin(twice)
    plus = 0.5 * (1 + towards**2)
    return (
        (
            plus * cos * cos2psi - towards * sin * sin2psi,
            plus * cos * sin2psi + towards * sin * cos2psi,
        ),
        (
            plus * sin * cos2psi + towards * cos * sin2psi,
            plus * sin * sin2psi - towards * cos * cos2psi,
        ),
    )
