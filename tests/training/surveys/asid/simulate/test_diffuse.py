"""The diffuse emission: whatever the variant, the mean is the sky's."""

from __future__ import annotations

import numpy as np
import pytest

from amphitrite.surveys.asid.prepare.patches import Patch, angles, unit_vectors
from amphitrite_training.surveys.asid.simulate import diffuse
from amphitrite_training.surveys.asid.simulate.diffuse import VARIANTS


def drawn(seed, variant):
    return diffuse.draw(np.random.default_rng(seed), VARIANTS[variant])


@pytest.fixture(scope="module")
def directions():
    rng = np.random.default_rng(2)
    vectors = rng.normal(size=(20_000, 3))
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def test_the_mean_has_the_measured_values_at_the_centres_of_its_cells():
    lon, lat = np.array([0.0, 45.0, 180.0]), np.array([0.0, 1.5, 90.0])
    np.testing.assert_allclose(
        diffuse.mean_intensity(lon, lat), [52.6e-6, 13.7e-6, 0.153e-6]
    )


def test_the_mean_is_the_same_on_both_sides_of_the_plane_and_of_the_centre():
    lon, lat = np.array([33.0, 170.0]), np.array([2.2, 71.0])
    one = diffuse.mean_intensity(lon, lat)
    np.testing.assert_allclose(diffuse.mean_intensity(-lon, -lat), one)
    np.testing.assert_allclose(diffuse.mean_intensity(360 - lon, lat), one)


@pytest.mark.parametrize("variant", VARIANTS)
def test_intensities_are_positive_and_finite(directions, variant):
    gas, compton = drawn(3, variant).intensity(directions)
    for part in (gas, compton):
        assert part.dtype == np.float32
        assert np.isfinite(part).all()
        assert (part > 0).all()


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_mean_over_skies_is_the_measured_one(variant):
    # a ring of directions, so that each sky gives many independent places
    lon = np.arange(0, 360, 3.0)
    for lat in (0.0, -12.0, 40.0):
        vectors = unit_vectors(lon, np.full_like(lon, lat))
        mean = diffuse.mean_intensity(lon, np.full_like(lon, lat))
        ratios = [
            (sum(drawn(seed, variant).intensity(vectors)) / mean).mean()
            for seed in range(4)
        ]
        # The smooth part is brighter than the share that it replaces at high latitudes,
        # by up to a third of the whole, and the lobes add 3e-7 in places; structure
        # that is larger than the sky's fourth part does not average out.
        assert 0.75 < np.mean(ratios) < 1.75


def test_overlapping_patches_see_the_same_light():
    sky = drawn(5, "B")
    one, two = Patch(30.0, 40.0), Patch(36.0, 43.0)
    x, y = np.meshgrid(np.linspace(-4, 4, 30), np.linspace(-4, 4, 30))
    here = one.vectors(x, y)
    there = two.vectors(*two.offsets(here))
    for seen, again in zip(sky.intensity(here), sky.intensity(there), strict=True):
        np.testing.assert_allclose(seen, again, rtol=1e-5)  # single precision


def test_structure_grows_with_scale():
    """Neighbouring directions are alike, distant ones are not."""
    sky = drawn(6, "A")
    rng = np.random.default_rng(1)
    lon, lat = rng.uniform(0, 360, 4_000), rng.uniform(-60, 60, 4_000)

    def scatter(step):
        here = sky._structure(unit_vectors(lon, lat))
        there = sky._structure(unit_vectors(lon, lat + step))
        return np.std(np.log(here / there))

    assert scatter(0.1) < 0.4 * scatter(1.0) < 0.4 * scatter(10.0)


def test_the_lobes_are_above_and_below_the_centre(directions):
    lon, lat = angles(directions)
    inside = diffuse._in_lobes(lon, lat)
    away = np.minimum(lon, 360 - lon)
    assert inside[(away < 5) & (np.abs(lat) > 10) & (np.abs(lat) < 40)].all()
    assert not inside[(away > 21) | (np.abs(lat) > 51)].any()
    assert VARIANTS["C"].lobes > 0
    assert VARIANTS["A"].lobes == VARIANTS["B"].lobes == 0


def test_the_same_seed_draws_the_same_light(directions):
    one, same, other = (drawn(s, "A").intensity(directions)[0] for s in (1, 1, 2))
    np.testing.assert_array_equal(one, same)
    assert not np.allclose(one, other, rtol=0.01)
