"""The point sources of a sky: random ones, or those of the Fermi catalogue.

Random sources follow the 4FGL-DR3 catalogue [1]_ (file gll_psc_v30).  At latitudes
above 10 deg it has, per square degree, 0.0157 sources with more than 1e-9 photons/cm2/s
above 1 GeV, 0.00243 with more than 5e-9, 0.0305 with more than 5e-10 and 0.0517 with
more than 3e-10; it is incomplete below about 2e-10, where the counts are extrapolated.

References
----------
.. [1] Abdollahi et al. 2022 (4FGL-DR3), ApJS 260, 53, arXiv:2201.11184
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from astropy.table import Table
from numpy.typing import NDArray

from amphitrite.errors import BadInput
from amphitrite.surveys.asid.prepare.patches import unit_vectors
from amphitrite_training.surveys.asid.simulate.spectra import (
    cutoff_power_law,
    log_parabola,
)

Floats = NDArray[np.floating]

ENERGIES: Final = np.geomspace(300.0, 100_000.0, 90)
CLASSES: Final = ("bll", "fsrq", "bcu", "psr", "other")

_SKY_SQUARE_DEGREES: Final = 41_252.96
# Cumulative counts per square degree of the isotropic sources: those of the catalogue
# without pulsars (about 0.0014 above 1e-9), extrapolated below 2e-10.
_FLUX: Final = (3e-11, 1e-10, 3e-10, 1e-9, 5e-9, 1e-8, 3e-8, 1e-7, 1e-6)
_DENSITY: Final = (0.37, 0.143, 0.0485, 0.0143, 2.2e-3, 9.0e-4, 2.2e-4, 3.8e-5, 1e-6)
# Per class: fraction, then spectral index and curvature, each with median and half the
# 16-84 % range.
_BLAZARS: Final = (
    (0.39, 1.94, 0.21, 0.07, 0.06),
    (0.21, 2.39, 0.20, 0.11, 0.07),
    (0.40, 2.22, 0.29, 0.12, 0.10),
)
_N_DISC: Final = 1_200  # in the plane: the catalogue without blazars, complete to 1e-9
_N_PULSARS_HIGH: Final = 170  # millisecond pulsars and globular clusters


@dataclass(frozen=True)
class Population:
    """The point sources of a sky.

    Parameters
    ----------
    lon, lat : (n,) ndarray
        Galactic coordinates in deg.
    flux : (n,) ndarray
        Fluxes from 1 to 100 GeV in photons/cm2/s.
    spectra : (n, len(ENERGIES)) ndarray
        dN/dE in photons/cm2/s/MeV at `ENERGIES`.
    kind : (n,) ndarray of uint8
        Index of the class in `CLASSES`.
    """

    lon: Floats
    lat: Floats
    flux: Floats
    spectra: Floats
    kind: NDArray[np.uint8]

    @property
    def vectors(self) -> Floats:
        """(n, 3) Galactic unit vectors."""
        return unit_vectors(self.lon, self.lat)

    def __len__(self) -> int:
        return len(self.flux)


def draw(rng: np.random.Generator) -> Population:
    """Return random sources of a whole sky, down to about 3e-11 photons/cm2/s.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of the random numbers.
    """
    parts = [_blazars(rng), _disc(rng), _pulsars_off_plane(rng)]
    return _joined(parts)


def from_catalogue(path: Path) -> Population:
    """Return the sources of a 4FGL catalogue file (gll_psc_v*.fit).

    Parameters
    ----------
    path : Path
        The FITS file of data release 3 or later, which have the form of pulsars'
        spectra that is used here.

    Returns
    -------
    Population
        All sources with a flux, extended ones as points.

    Raises
    ------
    BadInput
        The file cannot be read, or lacks the catalogue's table.
    """
    try:
        table = Table.read(path, format="fits", hdu=1)
        columns = {name: np.asarray(table[name]) for name in table.colnames}
        lon, lat = columns["GLON"].astype(float), columns["GLAT"].astype(float)
        flux = columns["Flux1000"].astype(float)
        pivot = columns["Pivot_Energy"].astype(float)
        form = np.char.strip(columns["SpectrumType"].astype(str))
        curve = form == "LogParabola"
        alpha = np.where(curve, columns["LP_Index"], columns["PL_Index"]).astype(float)
        beta = np.where(curve, columns["LP_beta"], 0.0).astype(float)
        cut = form == "PLSuperExpCutoff"
        names = ("PLEC_IndexS", "PLEC_ExpfactorS", "PLEC_Exp_Index")
        gamma, d, b = (columns[name].astype(float) for name in names)
        classes = np.char.strip(np.char.lower(columns["CLASS1"].astype(str)))
    except (KeyError, OSError, ValueError, IndexError, EOFError, zlib.error) as error:
        raise BadInput(
            f"'{path}' is no 4FGL source catalogue ({error}); give a gll_psc file of "
            "data release 3 or later"
        ) from error
    shape = log_parabola(ENERGIES, alpha, beta, pivot)
    shape[cut] = cutoff_power_law(ENERGIES, gamma[cut], d[cut], b[cut], pivot[cut])
    kind = np.full(len(flux), CLASSES.index("other"), np.uint8)
    for index, name in enumerate(CLASSES[:4]):
        kind[np.isin(classes, ["psr", "msp"] if name == "psr" else [name])] = index
    keep = np.isfinite(flux) & (flux > 0) & np.isfinite(shape).all(axis=1)
    return _population(lon[keep], lat[keep], flux[keep], shape[keep], kind[keep])


def _population(
    lon: Floats, lat: Floats, flux: Floats, shape: Floats, kind: NDArray[np.uint8]
) -> Population:
    """Return a population with spectra of a shape, scaled to the fluxes."""
    above = ENERGIES >= 1_000.0
    # the grid has no node at 1 GeV, so that the part up to the first node is added
    first = np.flatnonzero(above)[0]
    low, high = np.log(ENERGIES[first - 1 : first + 1])
    part = (np.log(1_000.0) - low) / (high - low)
    at = np.exp(
        (1 - part) * np.log(shape[:, first - 1]) + part * np.log(shape[:, first])
    )
    piece = 0.5 * (at + shape[:, first]) * (ENERGIES[first] - 1_000.0)
    whole = np.trapezoid(shape[:, above], ENERGIES[above]) + piece
    scaled = shape * (flux / whole)[:, None]
    return Population(lon % 360.0, lat, flux, scaled, kind)


def _joined(parts: list[Population]) -> Population:
    names = ("lon", "lat", "flux", "spectra", "kind")
    return Population(
        *(np.concatenate([getattr(part, name) for part in parts]) for name in names)
    )


def _blazars(rng: np.random.Generator) -> Population:
    n = rng.poisson(_DENSITY[0] * _SKY_SQUARE_DEGREES)
    rank = rng.uniform(_DENSITY[-1], _DENSITY[0], n)
    logs = np.interp(np.log(rank), np.log(_DENSITY[::-1]), np.log(_FLUX[::-1]))
    kind = rng.choice(3, n, p=[row[0] for row in _BLAZARS]).astype(np.uint8)
    row = np.array(_BLAZARS)[kind]
    alpha = np.clip(rng.normal(row[:, 1], row[:, 2]), 1.2, 3.2)
    beta = np.clip(rng.normal(row[:, 3], row[:, 4]), -0.05, 0.6)
    pivot = 1_765.0 * 10 ** rng.normal(0.0, 0.33, n)
    shape = log_parabola(ENERGIES, alpha, beta, pivot)
    lat = np.degrees(np.arcsin(rng.uniform(-1, 1, n)))
    return _population(rng.uniform(0, 360, n), lat, np.exp(logs), shape, kind)


def _disc(rng: np.random.Generator) -> Population:
    """Return random pulsars, nebulae and remnants, mostly within 8 deg of the plane."""
    n = rng.poisson(_N_DISC)
    flux = np.clip(10 ** rng.normal(-9.0, 0.5, n), 5e-11, 1e-5)
    lat = rng.normal(-0.2, np.where(rng.random(n) < 0.6, 1.5, 5.0))
    inner = rng.random(n) < 0.6
    lon = np.where(inner, rng.normal(0, 40, n), rng.uniform(0, 360, n))
    pulsar = rng.random(n) < 0.25
    shape = np.where(pulsar[:, None], _pulsar_shape(rng, n), _other_shape(rng, n))
    kind = np.where(pulsar, CLASSES.index("psr"), CLASSES.index("other"))
    return _population(lon, lat, flux, shape, kind.astype(np.uint8))


def _pulsars_off_plane(rng: np.random.Generator) -> Population:
    n = rng.poisson(_N_PULSARS_HIGH)
    lat = np.clip(rng.normal(2.0, 27.0, n), -85, 85)
    lon = np.where(rng.random(n) < 0.5, rng.normal(0, 60, n), rng.uniform(0, 360, n))
    flux = np.clip(10 ** rng.normal(-8.95, 0.42, n), 5e-11, 1e-6)
    kind = np.full(n, CLASSES.index("psr"), np.uint8)
    return _population(lon, lat, flux, _pulsar_shape(rng, n), kind)


def _pulsar_shape(rng: np.random.Generator, n: int) -> Floats:
    """Return n random spectra with the catalogue's distribution of PLEC parameters."""
    gamma = np.clip(rng.normal(2.09, 0.33, n), 1.0, 3.0)
    d = np.clip(10 ** rng.normal(-0.16, 0.22, n), 0.1, 3.0)
    pivot = 1_516.0 * 10 ** rng.normal(0.0, 0.16, n)
    return cutoff_power_law(ENERGIES, gamma, d, np.full(n, 2 / 3), pivot)


def _other_shape(rng: np.random.Generator, n: int) -> Floats:
    alpha = np.clip(rng.normal(2.3, 0.28, n), 1.4, 3.2)
    beta = np.clip(rng.normal(0.15, 0.15, n), -0.05, 0.8)
    return log_parabola(ENERGIES, alpha, beta, np.full(n, 1_765.0))
