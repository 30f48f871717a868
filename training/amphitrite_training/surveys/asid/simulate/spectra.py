"""Photon spectra of sources and of the diffuse emission.  Energies are in MeV.

References
----------
.. [1] Abdollahi et al. 2022 (4FGL-DR3), ApJS 260, 53, arXiv:2201.11184: the forms
   LogParabola and PLSuperExpCutoff4.
.. [2] Isotropic spectrum iso_P8R2_SOURCE_V6, Fermi Science Support Center.
.. [3] gll_iem_v07, the spectrum towards the Galactic centre.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from amphitrite.surveys.asid.bands import Band
from amphitrite_training.surveys.asid.simulate.instrument import exposure

Floats = NDArray[np.floating]

# E^2 dN/dE in MeV/cm2/s/sr at these energies [2].
_ISOTROPIC: Final = (
    (300.0, 500.0, 1_000.0, 2_000.0, 7_000.0, 20_000.0),
    (1.19e-3, 9.5e-4, 6.0e-4, 4.5e-4, 5.1e-4, 6.0e-4),
)
# dN/dE, of which only the shape is used [3].
_GALACTIC: Final = (
    (313.0, 893.0, 1_960.0, 7_270.0, 20_750.0),
    (3.37e-7, 4.60e-8, 8.09e-9, 3.29e-10, 2.24e-11),
)


def log_parabola(energy: Floats, alpha: Floats, beta: Floats, pivot: Floats) -> Floats:
    """Return the log parabola (E/Ep)^-(alpha + beta ln(E/Ep)) [1].

    Parameters
    ----------
    energy : (n_energies,) ndarray
        Energies in MeV.
    alpha, beta, pivot : (...) ndarray
        Index, curvature and pivot energy Ep in MeV.

    Returns
    -------
    (..., n_energies) ndarray
        1 at the pivot energy.
    """
    x = np.log(energy / pivot[..., None])
    return np.asarray(np.exp(-x * (alpha[..., None] + beta[..., None] * x)))


def cutoff_power_law(
    energy: Floats, gamma: Floats, d: Floats, b: Floats, pivot: Floats
) -> Floats:
    """Return a power law with a super-exponential cutoff, 1 at the pivot [1].

    Parameters
    ----------
    energy : (n_energies,) ndarray
        Energies in MeV.
    gamma, d, b, pivot : (...) ndarray
        The catalogue's PLEC_IndexS, PLEC_ExpfactorS, PLEC_Exp_Index, Pivot_Energy.

    Returns
    -------
    (..., n_energies) ndarray
        1 at the pivot energy.
    """
    x = np.log(energy / pivot[..., None])
    gamma, d, b = gamma[..., None], d[..., None], b[..., None]
    return np.asarray(np.exp((d / b - gamma) * x + d / b**2 * -np.expm1(b * x)))


def isotropic(energy: Floats) -> Floats:
    """Return the isotropic intensity in photons/cm2/s/sr/MeV [2]."""
    return _interpolated(energy, *_ISOTROPIC) / energy**2


def galactic(energy: Floats, *, tilt: float = 0.0) -> Floats:
    """Return the spectral shape of the Galactic intensity per MeV [3].

    Parameters
    ----------
    energy : (...) ndarray
        Energies in MeV.
    tilt : float
        Exponent of the factor (E / 4 GeV)^tilt on the shape.

    Returns
    -------
    (...) ndarray
        Without tilt, the integral from 2 to 20 GeV is 1.
    """
    grid = np.geomspace(2_000.0, 20_000.0, 50)
    whole = np.trapezoid(_interpolated(grid, *_GALACTIC), grid)
    shape = _interpolated(energy, *_GALACTIC) / whole
    return np.asarray(shape * (energy / 4_000.0) ** tilt)


def _interpolated(energy: Floats, at: tuple[float, ...], values: Floats) -> Floats:
    return np.exp(np.interp(np.log(energy), np.log(at), np.log(values)))


def counts_per_band(
    energy: Floats, spectra: Floats, band: Band, *, years: float
) -> Floats:
    """Return the expected photons in a band.

    Parameters
    ----------
    energy : (n_energies,) ndarray
        Energies of the spectra in MeV.
    spectra : (..., n_energies) ndarray
        dN/dE in photons/cm2/s/MeV (or /sr).
    band : Band
        The band.
    years : float
        Length of the survey in years, at the mean exposure of the sky.

    Returns
    -------
    (...) ndarray
        Expected number of photons (or per sr).
    """
    nodes = np.geomspace(band.low, band.high, 12)
    logs = np.log(np.maximum(spectra, 1e-60))
    place = np.interp(np.log(nodes), np.log(energy), np.arange(len(energy)))
    left = np.minimum(place.astype(int), len(energy) - 2)
    part = place - left
    flux = np.exp(logs[..., left] * (1 - part) + logs[..., left + 1] * part)
    # integrated over the logarithm of energy, where power laws are smoother
    density = flux * exposure(nodes, years=years) * nodes
    return np.asarray(np.trapezoid(density, np.log(nodes)))
