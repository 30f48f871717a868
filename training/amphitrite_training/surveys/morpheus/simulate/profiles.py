"""Surface brightness profiles of galaxies before the point spread function."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaincinv

# Radius below which steep profiles are flattened; the image does not resolve it.
CORE_PIXELS = 0.12


@dataclass(frozen=True)
class Sersic:
    """A Sersic profile with elliptical isophotes, optionally with two spiral arms.

    Parameters
    ----------
    x, y : float
        Centre in pixels, counted from 0.
    radius : float
        Half-light radius along the major axis in pixels.
    index : float
        Sersic index: 1 is an exponential disc, 4 a de Vaucouleurs spheroid.
    axis_ratio : float
        Minor over major axis.
    angle : float
        Angle from the x axis to the major axis, towards y, in radians.
    arms : float
        Amplitude of the spiral modulation, 0 (none) to 1.
    phase : float
        Phase of the arms in radians.
    winding : float
        Angle in radians by which an arm turns while the radius increases by a factor e.
    """

    x: float
    y: float
    radius: float
    index: float
    axis_ratio: float
    angle: float
    arms: float = 0.0
    phase: float = 0.0
    winding: float = 0.0

    @property
    def reach(self) -> float:
        """Radius in pixels beyond which nothing is rendered, 1 to 4 % of the flux."""
        return self.radius * (5 if self.index < 2 else 14)

    def at(self, y: NDArray[np.float64], x: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the surface brightness at some positions.

        Parameters
        ----------
        y, x : ndarray of float64
            Positions in pixels; broadcast against each other.

        Returns
        -------
        ndarray of float64
            Fraction of the profile's total flux per pixel2.  The arms do not change the
            total flux.

        References
        ----------
        .. [1] Sersic 1963, BAAA 6, 41; Graham & Driver 2005, PASA 22, 118,
           doi:10.1071/AS05001, eqs. 1 to 4
        """
        dx, dy = x - self.x, y - self.y
        cosine, sine = math.cos(self.angle), math.sin(self.angle)
        major = dx * cosine + dy * sine
        minor = (dy * cosine - dx * sine) / self.axis_ratio
        radius = np.sqrt(major**2 + minor**2 + CORE_PIXELS**2) / self.radius
        b = float(gammaincinv(2 * self.index, 0.5))
        light: NDArray[np.float64] = np.exp(-b * (radius ** (1 / self.index) - 1))
        light *= _unit(self, b)
        if self.arms:
            turn = 2 * (np.arctan2(minor, major) - self.winding * np.log(radius))
            # No arms at the centre, where they would wind infinitely often.
            depth = self.arms * -np.expm1(-((radius / 0.5) ** 2))
            light *= 1 + depth * np.cos(turn + self.phase)
        return light


def _unit(profile: Sersic, b: float) -> float:
    """Return the brightness at the half-light radius of a profile of unit flux."""
    n = profile.index
    whole: float = 2 * math.pi * n * math.exp(b) * b ** (-2 * n) * math.gamma(2 * n)
    return 1.0 / (whole * profile.radius**2 * profile.axis_ratio)
