"""The Fermi Large Area Telescope: exposure and point spread function (PSF).

Energies are in MeV.  Energy dispersion is not simulated: it is about 10 % of the energy
here, small in comparison with the bands.

References
----------
.. [1] LAT point spread function, P8R3_V3 scaling parameters per event type, Cicerone,
   https://fermi.gsfc.nasa.gov/ssc/data/analysis/documentation/Cicerone/
   Cicerone_LAT_IRFs/IRF_PSF.html
.. [2] Exposure cube of the 3FHL Galactic Centre data set (7 years, P8R2_SOURCE_V6),
   gammapy-fermi-lat-data: 3.23e11 cm2 s at 10 GeV.
.. [3] Exposure map of 573 weeks, FloList/GCE_NN (MIT): variation with declination.
"""

from __future__ import annotations

from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from amphitrite.surveys.asid.bands import SPECTRAL_INDEX, Band

Floats = NDArray[np.floating]

# Scaling parameters c0, c1 (rad) of the event types PSF0 to PSF3 [1]; each type has
# about a quarter of the photons.
EVENT_TYPES: Final = (
    (1.53e-1, 5.70e-3),
    (9.64e-2, 1.78e-3),
    (7.02e-2, 1.07e-3),
    (4.97e-2, 6.13e-4),
)
ALL_TYPES: Final = (0.25, 0.25, 0.25, 0.25)
KING_GAMMA: Final = 2.5
# A King profile of this slope holds 68 % within 2.385 sigma.  In the tabulated PSF of
# the 3FHL data set (PSF2, PSF3, 4 to 20 GeV) the 68 % radius is 0.96 of the scale.
_R68_IN_SIGMA: Final = 2.385
_R68_IN_SCALE: Final = 0.96

# Exposure at 10 GeV [2], per year.  At lower energies it decreases like the acceptance;
# the shape is approximate (about 5 %), which training covers by varying every band.
_CM2_S_PER_YEAR: Final = 3.23e11 / 7
_SHAPE_MEV: Final = (300.0, 500.0, 1_000.0, 2_000.0, 5_000.0, 20_000.0)
_SHAPE: Final = (0.62, 0.75, 0.87, 0.94, 0.99, 1.0)
# Exposure relative to the mean of the sky, at these declinations (deg) [3].
_DECLINATIONS: Final = (-80, -60, -40, -20, 0, 20, 40, 60, 80)
_BY_DECLINATION: Final = (0.995, 1.048, 1.017, 0.917, 0.847, 0.923, 1.077, 1.238, 1.403)


def exposure(energy: Floats, *, years: float) -> Floats:
    """Return the mean exposure of the sky in cm2 s.

    Parameters
    ----------
    energy : (...) ndarray
        Energies in MeV, 300 to 20,000.
    years : float
        Length of the survey in years.
    """
    shape = np.interp(np.log(energy), np.log(_SHAPE_MEV), _SHAPE)
    return np.asarray(_CM2_S_PER_YEAR * years * shape)


@cache
def band_exposure(band: Band, *, years: float) -> float:
    """Return the mean exposure of the sky in a band in cm2 s.

    It is the mean over the photons of a typical source, an E^-2.4 spectrum.

    Parameters
    ----------
    band : Band
        The energy band.
    years : float
        Length of the survey in years.
    """
    energy = np.geomspace(band.low, band.high, 50)
    photons = energy ** (1 - SPECTRAL_INDEX)  # in equal steps of the logarithm
    return float(np.average(exposure(energy, years=years), weights=photons))


def relative_exposure(declination: Floats) -> Floats:
    """Return the exposure at declinations in deg, relative to the mean of the sky."""
    return np.asarray(np.interp(declination, _DECLINATIONS, _BY_DECLINATION))


def king_sigma(energy: Floats, event_type: NDArray[np.integer]) -> Floats:
    """Return the width sigma of the King profile in deg.

    Parameters
    ----------
    energy : (...) ndarray
        Energies in MeV.
    event_type : (...) ndarray of int
        0 to 3 for PSF0 to PSF3.
    """
    c0, c1 = np.array(EVENT_TYPES)[event_type].T
    scale = np.hypot(c0.T * (np.asarray(energy) / 100.0) ** -0.8, c1.T)
    return np.asarray(np.degrees(scale) * _R68_IN_SCALE / _R68_IN_SIGMA)


def draw_offsets(
    rng: np.random.Generator, energy: Floats, event_type: NDArray[np.integer]
) -> tuple[Floats, Floats]:
    """Return random offsets of photons from their true directions by the PSF.

    The cumulative distribution of the King profile has an analytic inverse.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of the random numbers.
    energy : (n,) ndarray
        Energies in MeV.
    event_type : (n,) ndarray of int
        0 to 3 for PSF0 to PSF3.

    Returns
    -------
    dx, dy : (n,) ndarray
        Two perpendicular components in deg.
    """
    g = KING_GAMMA
    u = rng.random(len(energy))
    r = king_sigma(energy, event_type) * np.sqrt(2 * g * ((1 - u) ** (1 / (1 - g)) - 1))
    angle = rng.uniform(0, 2 * np.pi, len(energy))
    return r * np.cos(angle), r * np.sin(angle)


def contained(radius: Floats, sigma: float) -> Floats:
    """Return the share of a King profile within radii, both in deg."""
    g = KING_GAMMA
    return np.asarray(1 - (1 + radius**2 / (2 * g * sigma**2)) ** (1 - g))


def _weights(band: Band) -> tuple[Floats, Floats]:
    """Return energies in a band, and the fractions of a typical source's photons."""
    energy = np.geomspace(band.low, band.high, 8)
    weight = energy ** (1 - SPECTRAL_INDEX) * exposure(energy, years=1.0)
    return energy, weight / weight.sum()


@cache
def r68(band: Band) -> float:
    """Return the radius in deg that holds 68 % of a source's photons in a band."""
    radius = np.linspace(0, 6, 6001)
    share = np.zeros_like(radius)
    for energy, weight in zip(*_weights(band), strict=True):
        for kind, part in enumerate(ALL_TYPES):
            sigma = float(king_sigma(energy, np.array(kind)))
            share += weight * part * contained(radius, sigma)
    return float(np.interp(0.68, share, radius))


@cache
def kernel(
    band: Band, side: int, pixel: float, types: tuple[float, ...] = ALL_TYPES
) -> NDArray[np.complex64]:
    """Return the Fourier transform of a band's PSF on a periodic grid.

    Parameters
    ----------
    band : Band
        The band, whose energies are weighted by a typical source's photons.
    side : int
        Pixels on a side of the grid.
    pixel : float
        Side of a pixel in deg.
    types : tuple of float
        Fraction of the photons of each event type; the sum is 1.

    Returns
    -------
    (side, side // 2 + 1) ndarray of complex64
        Transform of a kernel whose sum is 1.
    """
    centre = side // 2
    axis = (np.arange(side) - centre) * pixel
    image = np.zeros((side, side))
    near = slice(centre - 8, centre + 9)
    fine = 5
    steps = ((np.arange(fine) + 0.5) / fine - 0.5) * pixel
    sub = (axis[near, None] + steps).ravel()
    for energy, weight in zip(*_weights(band), strict=True):
        for kind, part in enumerate(types):
            if part == 0:
                continue
            sigma = float(king_sigma(energy, np.array(kind)))
            profile = _king(axis[:, None] ** 2 + axis**2, sigma)
            # near the centre, the steep profile is averaged over each pixel
            blocks = _king(sub[:, None] ** 2 + sub**2, sigma).reshape(
                17, fine, 17, fine
            )
            profile[near, near] = blocks.mean((1, 3))
            image += weight * part * profile
    image = np.fft.ifftshift(image / image.sum())
    return np.asarray(np.fft.rfft2(image), np.complex64)


def _king(r2: Floats, sigma: float) -> Floats:
    g = KING_GAMMA
    inner = (1 + r2 / (2 * g * sigma**2)) ** -g
    return np.asarray((1 - 1 / g) / (2 * np.pi * sigma**2) * inner)
