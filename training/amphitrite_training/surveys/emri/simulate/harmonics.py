"""The harmonics of the radiation of an eccentric orbit.

Peters & Mathews 1963, Phys. Rev. 131, 435, as used by Barack & Cutler 2004,
arXiv:gr-qc/0310125: the second time derivatives of the quadrupole moment are sums of
``a_n cos(n Phi)``, ``b_n sin(n Phi)`` and ``c_n cos(n Phi)`` over n = 1, 2, ...
"""

from __future__ import annotations

import functools
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import jv

from amphitrite_training.surveys.emri.simulate.inspirals import HIGHEST_ECCENTRICITY

MOST_HARMONICS: Final = int(30 * HIGHEST_ECCENTRICITY)
"""Harmonics of the most eccentric orbit."""
_LEAST_HARMONICS: Final = 4
_STEPS: Final = 1400


def n_harmonics(eccentricity: float) -> int:
    """Return how many harmonics are added up: 30 times the eccentricity, at least 4."""
    return int(np.clip(30 * eccentricity, _LEAST_HARMONICS, MOST_HARMONICS))


def amplitudes(eccentricity: NDArray[np.floating], n: int) -> NDArray[np.float64]:
    """Return the amplitudes of the first harmonics.

    Parameters
    ----------
    eccentricity : (m,) ndarray
        Eccentricities from 0 to `HIGHEST_ECCENTRICITY`.
    n : int
        How many harmonics, at most `MOST_HARMONICS`.

    Returns
    -------
    (3, n, m) ndarray of float64
        ``a_n``, ``b_n`` and ``c_n`` over ``(2 pi nu M)^(2/3) mu / D``, without the
        cosine and sine; interpolated to some 1e-6.
    """
    table = _table()[:, :n]
    place = np.asarray(eccentricity) / HIGHEST_ECCENTRICITY * _STEPS
    row = np.minimum(place.astype(int), _STEPS - 1)
    share = place - row
    return np.asarray((1 - share) * table[..., row] + share * table[..., row + 1])


def exact(eccentricity: NDArray[np.floating], n: int) -> NDArray[np.float64]:
    """Return the amplitudes as `amplitudes` does, from Bessel functions."""
    e = np.asarray(eccentricity, dtype=np.float64)
    k = np.arange(1, n + 1)[:, None]
    j = {shift: jv(k + shift, k * e) for shift in (-2, -1, 0, 1, 2)}
    a = -k * (j[-2] - 2 * e * j[-1] + 2 / k * j[0] + 2 * e * j[1] - j[2])
    b = -k * np.sqrt(1 - e**2) * (j[-2] - 2 * j[0] + j[2])
    return np.stack([a, b, 2 * j[0]])


@functools.cache
def _table() -> NDArray[np.float64]:
    """Return (3, MOST_HARMONICS, _STEPS + 1) amplitudes at even steps."""
    return exact(np.linspace(0, HIGHEST_ECCENTRICITY, _STEPS + 1), MOST_HARMONICS)
