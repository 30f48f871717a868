"""What observations add to the maps: the shapes of galaxies, and photons.

The recipe of the original (Harvey 2024, arXiv:2405.17566): the convergence becomes
shear (Kaiser & Squires 1993, ApJ 404, 441, doi:10.1086/172297), galaxies give it the
noise of their shapes, and it becomes convergence again.  Both ways are unitary, so the
noise of the convergence is white: a pixel of 20 kpc has 0.41 for 50 galaxies/arcmin2.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Final

import numpy as np
from astropy import units
from numpy.typing import NDArray
from scipy import fft

from amphitrite_training.surveys.darkcnn.simulate.observer import PIXEL_ARCMIN2

GALAXIES_PER_ARCMIN2: Final[Mapping[str, float]] = {
    "Euclid": 50.0,
    "JWST": 100.0,
    "8 stacked by JWST": 800.0,
}
"""Galaxies behind a cluster whose shapes are measured, as the original assumes them."""
ELLIPTICITY: Final = 0.3
"""Standard deviation of a galaxy's shape, both components together."""
EXPOSURES_KS: Final = (10.0, 100.0)
PHOTON_KEV: Final = 2.0
MIRROR_CM: Final = 60.0
"""Radius of the X-ray telescope's mirror."""
BACKGROUND: Final = 1.0
"""Mean background in a pixel, in counts."""


def shear(convergence: NDArray[np.floating]) -> NDArray[np.complexfloating]:
    """Return the shear of a convergence on a periodic map.

    Parameters
    ----------
    convergence : (..., ny, nx) ndarray of float

    Returns
    -------
    (..., ny, nx) ndarray of complex
        Component 1 (along x) as the real, component 2 as the imaginary part.  The mean
        of the convergence is lost.
    """
    kernel = _kernel(*convergence.shape[-2:])
    return fft.ifft2(fft.fft2(convergence) * kernel)


def convergence(shear: NDArray[np.complexfloating]) -> NDArray[np.floating]:
    """Return the convergence of a shear on a periodic map; its mean is 0.

    Parameters
    ----------
    shear : (..., ny, nx) ndarray of complex

    Returns
    -------
    (..., ny, nx) ndarray of float
    """
    kernel = _kernel(*shear.shape[-2:])
    return np.real(fft.ifft2(fft.fft2(shear) * kernel.conj()))


def convergence_error(galaxies_per_arcmin2: float) -> float:
    """Return the standard deviation of the convergence in a pixel."""
    galaxies = galaxies_per_arcmin2 * PIXEL_ARCMIN2
    return ELLIPTICITY / math.sqrt(2 * galaxies)


def lensed(
    rng: np.random.Generator,
    truth: NDArray[np.floating],
    galaxies_per_arcmin2: float,
) -> NDArray[np.float32]:
    """Return the convergence that the shapes of galaxies show.

    Parameters
    ----------
    rng : numpy.random.Generator
    truth : (..., ny, nx) ndarray of float
        The convergence without noise.
    galaxies_per_arcmin2 : float
        Galaxies whose shapes are measured; of stacked clusters all together.

    Returns
    -------
    (..., ny, nx) ndarray of float32
        Its mean, which shear does not show, is that of the truth.
    """
    error = convergence_error(galaxies_per_arcmin2)
    noise = rng.normal(0, error, (2, *truth.shape))
    seen = convergence(shear(truth) + noise[0] + 1j * noise[1])
    return np.asarray(seen + truth.mean((-2, -1), keepdims=True), np.float32)


def counts_per_brightness(exposure_ks: float) -> float:
    """Return the counts in a pixel for a surface brightness of 1 erg/s/cm2/arcmin2."""
    photon = (PHOTON_KEV * units.keV).to_value(units.erg)
    area = math.pi * MIRROR_CM**2
    return exposure_ks * 1e3 * PIXEL_ARCMIN2 * area / photon


def exposed(
    rng: np.random.Generator, truth: NDArray[np.floating], exposure_ks: float
) -> NDArray[np.float32]:
    """Return the X-ray surface brightness that an exposure shows.

    Parameters
    ----------
    rng : numpy.random.Generator
    truth : (..., ny, nx) ndarray of float
        Surface brightness in erg/s/cm2/arcmin2.
    exposure_ks : float
        In kiloseconds.

    Returns
    -------
    (..., ny, nx) ndarray of float32
        In the same unit; photons of `PHOTON_KEV` on a perfect mirror, with the
        background not subtracted.
    """
    unit = counts_per_brightness(exposure_ks)
    return np.asarray(rng.poisson(truth * unit + BACKGROUND) / unit, np.float32)


def _kernel(ny: int, nx: int) -> NDArray[np.complex128]:
    """Return the factor from convergence to shear by frequency: 1 in size, 0 at 0."""
    y, x = np.meshgrid(fft.fftfreq(ny), fft.fftfreq(nx), indexing="ij")
    squared = x**2 + y**2
    squared[0, 0] = 1
    return (x + 1j * y) ** 2 / squared
