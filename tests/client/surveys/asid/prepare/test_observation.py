"""The exposure of patches: the map's where it is known, else a typical one."""

import numpy as np
import pytest

from amphitrite.surveys.asid.prepare.exposures import Exposure
from amphitrite.surveys.asid.prepare.observation import Observation
from amphitrite.surveys.asid.prepare.patches import Patch, angles

TYPICAL = np.array([5, 4, 3, 2, 1], np.float32) * 1e11
PATCHES = [Patch(200.0, -30.0), Patch(10.0, 30.0), Patch(100.0, 60.0)]


def quadrants(vectors):
    """Return quadrants of longitude as pixels; the southern sky is off the map."""
    lon, lat = angles(vectors)
    return np.where(lat > 0, lon // 90, -1).astype(int)


@pytest.fixture
def observation():
    """A map whose exposure in band k and quadrant q is (10 q + k + 1) 1e10 cm2 s."""
    values = 1e10 * (10 * np.arange(4) + np.arange(1, 6)[:, None])
    return Observation(None, Exposure(values.astype(np.float32), quadrants), TYPICAL)


def test_a_patch_has_the_exposure_at_its_centre(observation):
    found = observation.exposure_of(PATCHES[1:])
    np.testing.assert_allclose(
        found, [[1e10, 2e10, 3e10, 4e10, 5e10], [11e10, 12e10, 13e10, 14e10, 15e10]]
    )


def test_a_patch_off_the_map_has_the_typical_exposure_in_all_bands(observation):
    found = observation.exposure_of(PATCHES)
    np.testing.assert_array_equal(found[0], TYPICAL)
    np.testing.assert_allclose(found[1:, 0], [1e10, 11e10])


def test_where_one_band_is_not_known_all_are_typical(observation):
    observation.exposure.values[3, 1] = np.nan  # of the quadrant from 90 to 180 deg
    found = observation.exposure_of(PATCHES[1:])
    np.testing.assert_allclose(found[0, 3], 4e10)
    np.testing.assert_array_equal(found[1], TYPICAL)


@pytest.mark.parametrize("n", [0, 1, 3])
def test_without_a_map_every_patch_has_the_typical_exposure(n):
    found = Observation(None, None, TYPICAL).exposure_of(PATCHES[:n])
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, np.tile(TYPICAL, (n, 1)))


def test_no_patch_has_no_exposure(observation):
    assert observation.exposure_of([]).shape == (0, 5)
