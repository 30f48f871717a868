"""The simulated sky beside the real one: as bright, zone by zone."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from astropy import units as u
from astropy_healpix import HEALPix

from amphitrite.surveys.asid.prepare.patches import unit_vectors
from amphitrite_training.surveys.asid.simulate import diffuse, population, spectra
from amphitrite_training.surveys.asid.simulate.diffuse import VARIANTS

ZONES = (0, 2, 10, 20, 40, 60, 90)  # |b|, deg
ENERGY = np.geomspace(2_000.0, 20_000.0, 200)


@pytest.fixture(scope="module")
def gamma(real_data):
    return real_data / "gamma"


@pytest.fixture(scope="module")
def pixels():
    healpix = HEALPix(128, order="ring")
    lon, lat = healpix.healpix_to_lonlat(np.arange(healpix.npix))
    return lon.deg, lat.deg, healpix.pixel_area.to_value(u.sr)


def zones(lat, values):
    """Return sums over zones of latitude."""
    return np.array(
        [
            values[(np.abs(lat) >= low) & (np.abs(lat) < high)].sum()
            for low, high in pairwise(ZONES)
        ]
    )


@pytest.fixture(scope="module")
def real(gamma, pixels):
    """Photons/cm2/s/sr from 2 to 20 GeV in each zone, of 573 weeks."""
    _, lat, area = pixels
    sky = np.load(gamma / "fermi_573w_hpx128.npz")
    exposure = zones(lat, sky["fermidata_exposure"])
    return zones(lat, sky["fermidata_counts"]) / (exposure * area)


@pytest.fixture(scope="module")
def resolved(gamma, pixels):
    """The intensity of the catalogue's sources, and of the isotropic part."""
    _, lat, area = pixels
    catalogue = population.from_catalogue(gamma / "gll_psc_v30.fit.gz")
    logs = np.log(population.ENERGIES)
    density = np.exp(
        [np.interp(np.log(ENERGY), logs, np.log(s)) for s in catalogue.spectra]
    )
    flux = np.trapezoid(density, ENERGY, axis=1)
    solid_angle = zones(lat, np.full(len(lat), area))
    isotropic = np.trapezoid(spectra.isotropic(ENERGY), ENERGY)
    return zones(catalogue.lat, flux) / solid_angle + isotropic


def mean_of_zones(lat, values):
    return zones(lat, values) / zones(lat, np.ones(len(lat)))


def test_the_mean_sky_is_as_bright_as_the_real_one(real, resolved, pixels):
    lon, lat, _ = pixels
    ours = mean_of_zones(lat, diffuse.mean_intensity(lon, lat)) + resolved
    # The isotropic part is that of another event class, which has more background from
    # charged particles; near the poles it is half of all.
    np.testing.assert_allclose(ours / real, 1, atol=0.2)


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_drawn_sky_is_about_as_bright(real, resolved, pixels, variant):
    lon, lat, _ = pixels
    light = diffuse.draw(np.random.default_rng(3), VARIANTS[variant])
    drawn = sum(light.intensity(unit_vectors(lon, lat)))
    ours = mean_of_zones(lat, drawn) + resolved
    # a smooth part that is broader than the gas it stands for, on purpose
    np.testing.assert_allclose(ours / real, 1, atol=0.4)
