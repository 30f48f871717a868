"""The camera: flux scale, point spread function and noise of CANDELS images.

The network was trained on the CANDELS mosaics of GOODS-South.  The numbers below are
therefore those of six public stamps of these mosaics (84 x 84 pixels of 0.06 arcsec,
electrons/s; GDS_deep2_6739, ers2_12623, ers2_13830, ers2_14393, wide2_14393 and
wide2_208).  They were measured outside the segmentation map, grown by 4 pixels, and
within 4 sigma:

=================================  ===========  ===========  ===========  ===========
band                               H            J            V            z
=================================  ===========  ===========  ===========  ===========
rms, 1e-3 e/s                      2.8 to 5.6   2.8 to 5.6   4.2 to 5.2   2.0 to 2.3
correlation of side neighbours     0.51 - 0.63  0.50 - 0.63  0.12 - 0.17  0.13 - 0.17
correlation of diagonal ones       0.28 - 0.35  0.27 - 0.35  0.02 - 0.07  0.02 - 0.05
correlation at two pixels          0.09 - 0.13  0.04 - 0.16  0.00 - 0.10  0.00 - 0.03
median of empty sky, 1e-3 e/s      0.3          -0.2 - 0.3   1.2 - 1.5    1.1 - 1.2
=================================  ===========  ===========  ===========  ===========

The noise of the sky is simulated with the middle of these values.  The shot noise of
the sources is not simulated.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import fft

PIXEL_ARCSEC: Final = 0.06


@dataclass(frozen=True)
class Band:
    """The properties of the drizzled mosaics in one filter.

    Parameters
    ----------
    zero_point : float
        AB magnitude of 1 electron/s.
    fwhm_arcsec : float
        Full width at half maximum of the point spread function, including the pixel.
    noise : float
        Standard deviation of a sky pixel in electrons/s.
    correlation : float
        Correlation of the noise of two adjacent pixels.
    sky : float
        Residual sky level after the reduction in electrons/s.
    """

    zero_point: float
    fwhm_arcsec: float
    noise: float
    correlation: float
    sky: float


def ab_zero_point(photflam: float, photplam: float) -> float:
    """Return the AB magnitude of one count per second.

    Parameters
    ----------
    photflam : float
        The FITS card PHOTFLAM: inverse sensitivity in erg/s/cm2/Angstrom per count/s.
    photplam : float
        The FITS card PHOTPLAM: pivot wavelength in Angstrom.

    Returns
    -------
    float
        AB magnitude.

    References
    ----------
    .. [1] WFC3 Data Handbook, chapter 9, https://hst-docs.stsci.edu/wfc3dhb
    """
    return -2.5 * math.log10(photflam) - 5 * math.log10(photplam) - 2.408


# Zero points of H and J follow from PHOTFLAM and PHOTPLAM in the stamps' headers; the
# ACS stamps have none, so that those of V and z are from Sirianni et al. 2005, PASP
# 117, 1049, doi:10.1086/444553.  The widths in V and z are those fitted to the active
# nucleus in ers2_12623 (0.083 and 0.080 arcsec), slightly increased because of its host
# galaxy.  In H and J the host hides the nucleus; these widths are the 0.15 and 0.14
# arcsec of the WFC3 Instrument Handbook (section 7.6), widened by the detector's pixels
# of 0.13 arcsec.
BANDS: Final = {
    "H": Band(ab_zero_point(1.9106045e-20, 15369.172), 0.19, 3.7e-3, 0.56, 0.3e-3),
    "J": Band(ab_zero_point(2.2132778e-20, 12486.06), 0.18, 3.7e-3, 0.55, 0.0),
    "V": Band(26.486, 0.085, 5.0e-3, 0.14, 1.4e-3),
    "z": Band(24.862, 0.09, 2.2e-3, 0.14, 1.2e-3),
}

# A fit of this nucleus in V, with its host galaxy, gives 1.7; with 1.8, 68 % of the
# flux of a star in H is within 0.25 arcsec.
MOFFAT_BETA: Final = 1.8


def electrons(magnitude: float, band: Band) -> float:
    """Return the count rate of an AB magnitude in electrons/s."""
    return float(10 ** (0.4 * (band.zero_point - magnitude)))


def point_spread(
    radius_squared: NDArray[np.float64], band: Band
) -> NDArray[np.float64]:
    """Return a Moffat profile of unit flux.

    Parameters
    ----------
    radius_squared : (...) ndarray of float64
        Squared distances from the centre in pixel2.
    band : Band
        The band, which gives the width.

    Returns
    -------
    (...) ndarray of float64
        Fraction of the flux per pixel at these distances.

    References
    ----------
    .. [1] Moffat 1969, A&A 3, 455
    """
    shape = 2 ** (1 / MOFFAT_BETA) - 1
    core = (band.fwhm_arcsec / PIXEL_ARCSEC / 2) ** 2 / shape
    profile = (1 + radius_squared / core) ** -MOFFAT_BETA
    return (MOFFAT_BETA - 1) / (math.pi * core) * profile


def sky(
    rng: np.random.Generator, shape: tuple[int, int], band: Band
) -> NDArray[np.float64]:
    """Return a random empty sky, with noise correlated as in drizzled images.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of the random numbers, one per pixel.
    shape : tuple of int
        (ny, nx).
    band : Band
        The band, which gives level, noise and correlation.

    Returns
    -------
    (ny, nx) ndarray of float64
        Sky in electrons/s.

    Notes
    -----
    The correlation of pixels at distance ``d`` is ``correlation ** (d * d)``, a
    Gaussian, which agrees with the stamps at one, sqrt(2) and two pixels.  The
    correlation is periodic in the image.
    """
    spectra = []
    for n in shape:
        lag = np.minimum(np.arange(n), n - np.arange(n)).astype(float)
        spectra.append(fft.fft(band.correlation ** (lag * lag)).real)
    power = np.outer(*spectra)
    white = fft.fft2(rng.normal(size=shape))
    noise: NDArray[np.float64] = fft.ifft2(white * np.sqrt(power)).real
    return band.sky + band.noise * noise
