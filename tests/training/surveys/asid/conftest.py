"""Skies small enough to know the answers of."""

from __future__ import annotations

import numpy as np
import pytest

from amphitrite.surveys.asid.bands import BANDS
from amphitrite.surveys.asid.prepare.footprints import WholeSky
from amphitrite.surveys.asid.prepare.patches import unit_vectors
from amphitrite.surveys.asid.prepare.photons import Photons
from amphitrite.surveys.asid.prepare.tiling import Tiles
from amphitrite_training.surveys.asid.heads.measures import Described
from amphitrite_training.surveys.asid.simulate import spectra
from amphitrite_training.surveys.asid.simulate.population import ENERGIES, Population
from amphitrite_training.surveys.asid.simulate.sky import make_sky
from amphitrite_training.surveys.asid.sky_results import SkyResult


@pytest.fixture(scope="session")
def sky():
    """A whole sky of the first variant."""
    return make_sky(7, variant="A")


@pytest.fixture(scope="session")
def sources():
    """Make a population of power laws at given places, with given fluxes."""

    def make(lon, lat, flux, *, index=2.4):
        lon, lat, flux = (np.atleast_1d(np.asarray(a, float)) for a in (lon, lat, flux))
        # photons above 1 GeV of E^-index up to 100 GeV
        power = 1 - index
        whole = (1e5**power - 1e3**power) / power
        shape = spectra.log_parabola(
            ENERGIES, np.full(len(flux), index), np.zeros(len(flux)), np.ones(len(flux))
        )
        spectrum = shape * (flux / whole)[:, None]
        return Population(lon, lat, flux, spectrum, np.zeros(len(flux), np.uint8))

    return make


def bands_of(energy):
    """Return the index of each photon's band in `BANDS`."""
    edges = np.array([band.low for band in BANDS[::-1]])
    return (len(BANDS) - np.searchsorted(edges, energy, side="right")).astype(np.uint8)


@pytest.fixture(scope="session")
def tiles():
    """Lay simulated events onto patches without a file between."""

    def make(events):
        coverage = dict.fromkeys(BANDS, 1.0)
        photons = Photons(events.vectors, bands_of(events.energy), coverage, WholeSky())
        return Tiles(photons)

    return make


@pytest.fixture(scope="session")
def described():
    """Make detections whose errors follow what they state, but for a factor."""

    def make(n=4_000, *, seed=1, fakes=0.2, bias=0.02, width=0.1, claimed=1.0):
        rng = np.random.default_rng(seed)
        fake = rng.random(n) < fakes
        log_flux = rng.uniform(-9.9, -7.5, n)
        p_fake = np.where(fake, rng.beta(5, 2, n), rng.beta(1, 20, n))
        error = 0.03 * np.hypot(*rng.normal(size=(2, n)))
        return Described(
            flux=np.where(fake, np.nan, 10**log_flux),
            log10_flux=log_flux + bias + width * rng.normal(size=n),
            flux_sigma=np.full(n, width * claimed),
            p_fake=p_fake,
            detected=~fake | (rng.random(n) < 0.5),
            error=np.where(fake, np.nan, error),
            peak_error=np.where(fake, np.nan, 2 * error),
            error_sigma=np.full(n, 0.03 * claimed),
            block=np.arange(n) // 20,
        )

    return make


def _at(*places):
    """Galactic unit vectors of (lon, lat), deg."""
    lon, lat = np.array(places, float).reshape(-1, 2).T
    return unit_vectors(lon, lat)


@pytest.fixture(scope="session")
def at():
    """Give `_at`."""
    return _at


# (lon, lat, flux): two bright ones, of which the second has a fainter neighbour
TRUTH = ((10, 40, 2e-9), (50, -30, 2e-9), (50, -29.8, 1.5e-9), (90, 5, 2e-9))


def _result(found, *, aperture=2e-9):
    """What was found at some places of a sky with the sources of `TRUTH`."""
    truth = np.array(TRUTH)
    n = len(found)
    return SkyResult(
        truth=_at(*truth[:, :2]),
        flux=truth[:, 2],
        found=_at(*found),
        aperture_flux=np.full(n, aperture),
        threshold=0.28,
        described={
            "score": np.linspace(0.5, 0.1, n),
            "sources": _at(*((lon, lat + 0.01) for lon, lat in found)),
            "log10_flux": np.full(n, -8.5),
            "flux_sigma": np.full(n, 0.2),
            "p_fake": np.linspace(0.0, 1.0, n),
            "offset_variance": np.full(n, 0.0009),
        },
    )


@pytest.fixture(scope="session")
def result():
    """Give `_result`."""
    return _result
