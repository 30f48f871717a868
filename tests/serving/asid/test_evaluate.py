"""A served model, measured on a small simulated sky."""

from __future__ import annotations

import numpy as np
import pytest

from amphitrite.surveys.asid.learned import Detector
from amphitrite.surveys.asid.page import ASKED
from amphitrite.surveys.asid.prepare.tiling import centres
from amphitrite_training.surveys.asid.evaluate import search
from amphitrite_training.surveys.asid.simulate import spectra
from amphitrite_training.surveys.asid.simulate.population import ENERGIES, Population
from amphitrite_training.surveys.asid.simulate.sky import make_sky
from amphitrite_training.surveys.asid.sky_results import pair
from amphitrite_training.surveys.asid.tables import tables

pytestmark = [
    pytest.mark.triton,
    pytest.mark.export,
    # Keras copies TensorFlow's variables in a way that numpy 2 deprecates.
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),
]

FLUX = 2.5e-8
N_PATCHES = 12  # those around the northern pole
# as many photons as the filter that stands for the network was made for
YEARS = 0.05


def bright_sources(lon, lat):
    n = len(lon)
    shape = spectra.log_parabola(
        ENERGIES, np.full(n, 2.4), np.zeros(n), np.full(n, 1_000.0)
    )
    whole = (1e3**-1.4 - 1e5**-1.4) / 1.4 * 1e3**2.4
    return Population(
        lon, lat, np.full(n, FLUX), shape * (FLUX / whole), np.zeros(n, np.uint8)
    )


@pytest.fixture(scope="module")
def sky():
    lon, lat = np.array([20.0, 110.0, 200.0, 290.0]), np.array([84.0, 86.0, 83.0, 85.0])
    return make_sky(5, years=YEARS, population=bright_sources(lon, lat))


@pytest.fixture
def found(sky, connection):
    models = tuple(connection.model(spec) for spec in ASKED)
    steps = []
    detector = Detector.of(models[0].spec)
    result = search(sky, 5, centres()[:N_PATCHES], models, detector, steps.append)
    assert sum(steps) == N_PATCHES
    return result


def test_sources_of_a_simulated_sky_are_found_in_their_places(sky, found):
    partners = pair(found.truth, found.flux, found.found)
    assert (partners >= 0).all()
    np.testing.assert_array_equal(found.truth, sky.vectors)
    assert found.found.shape == (len(found.aperture_flux), 3)


def test_their_aperture_flux_is_theirs(found):
    partners = pair(found.truth, found.flux, found.found)
    flux = found.aperture_flux[partners]
    # some 60 photons above 1 GeV each: 13 %, and the background's
    np.testing.assert_allclose(flux, FLUX, rtol=0.5)
    assert flux.mean() == pytest.approx(FLUX, rel=0.25)


def test_it_is_counted_as_the_card_counts(found):
    high = tables([found], radius_degrees=0.3)["|b| > 20"]
    assert (high.whole[1].n_hits, high.whole[1].n) == (4, 4)
    assert high.whole[0].n_hits == 4


def test_the_same_sky_gives_the_same_result(sky, found, connection):
    models = tuple(connection.model(spec) for spec in ASKED)
    detector = Detector.of(models[0].spec)
    again = search(sky, 5, centres()[:N_PATCHES], models, detector, lambda n: None)
    np.testing.assert_array_equal(again.found, found.found)
    np.testing.assert_array_equal(again.aperture_flux, found.aperture_flux)
