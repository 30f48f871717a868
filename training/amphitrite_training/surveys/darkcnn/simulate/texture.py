"""The noise of a simulation: its matter consists of particles.

Particles of 5.5e9 Msun, those of BAHAMAS (3.85e9 Msun over h; a figure that was not
verified).  Where they are few, its maps are smooth: seen in six published maps, from
which this was set.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import convolve1d

from amphitrite.surveys.darkcnn.page import PIXEL_KPC

PARTICLE: Final = 5.5e9
"""Mass of a particle in Msun."""
_PER_PIXEL: Final = PARTICLE / PIXEL_KPC**2
_DENSE: Final = 60.0  # particles in a pixel that is not smoothed
_KERNEL: Final = np.array([1, 4, 6, 4, 1]) / 16
_LEAST: Final = 0.02  # of what the noise leaves of a pixel


def of_particles(
    smooth: NDArray[np.float64], normal: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return a map of surface density as particles have it.

    Parameters
    ----------
    smooth : (ny, nx) ndarray of float64
        Surface density in Msun/kpc2, without noise.
    normal : (ny, nx) ndarray of float64
        Normal numbers of variance 1.  They become Poisson numbers by the first terms of
        the Cornish-Fisher expansion, so that maps that differ little have noise that
        differs little.

    Returns
    -------
    (ny, nx) ndarray of float64
        In Msun/kpc2; at least 2 % of the smooth map.

    References
    ----------
    .. [1] Fisher & Cornish 1960, Technometrics 2, 209,
       doi:10.1080/00401706.1960.10489895
    """
    expected = smooth / _PER_PIXEL
    noise = _PER_PIXEL * (np.sqrt(expected) * normal + (normal**2 - 1) / 6)
    spread = noise
    for axis in (0, 1):
        spread = convolve1d(spread, _KERNEL, axis, mode="wrap")
    dense = np.minimum(expected / _DENSE, 1)
    noisy = smooth + dense * noise + 1.3 * (1 - dense) * spread
    return np.maximum(noisy, _LEAST * smooth)
