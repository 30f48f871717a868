"""Subhaloes and mergers."""

from __future__ import annotations

import numpy as np
import pytest

from amphitrite_training.surveys.darkcnn.simulate.grid import LOG_RADII, RADII_KPC
from amphitrite_training.surveys.darkcnn.simulate.shapes import Ellipsoid
from amphitrite_training.surveys.darkcnn.simulate.substructure import (
    draw_merger,
    draw_subhaloes,
    surviving,
)

BODY = Ellipsoid(0.7, 0.5, np.eye(3))


@pytest.fixture(scope="module")
def many():
    rng = np.random.default_rng(1)
    return [draw_subhaloes(rng, 4e14, 1500.0, BODY, 1.0) for _ in range(300)]


def test_there_are_22_above_a_thousandth_of_the_mass(many):
    numbers = [(each.mass > 4e11).sum() for each in many]
    # those above 8 % are left out: 22 x 80^-0.9 = 0.4; 4 sigma of 300 Poisson numbers
    assert np.mean(numbers) == pytest.approx(21.6, abs=4 * (21.6 / 300) ** 0.5)


def test_about_a_tenth_of_the_mass_is_in_them(many):
    # the integral of the mass function is 0.092; a few heavy ones scatter by 0.04
    shares = [each.mass.sum() / 4e14 for each in many]
    expected = 22 * 1e-3**0.9 * 9 * (0.08**0.1 - 3e-4**0.1)
    assert np.mean(shares) == pytest.approx(expected, abs=4 * np.std(shares) / 300**0.5)
    assert all((each.mass < 0.08 * 4e14).all() for each in many)


def test_they_are_spread_out_as_the_cluster_is(many):
    x, y = (np.concatenate([getattr(each, key) for each in many]) for key in "xy")
    # 20,000 of them, whose axes are 1 : 0.7
    assert y.std() / x.std() == pytest.approx(0.7, abs=0.02)


def test_larger_ones_are_the_same_ones():
    plain, large = (
        draw_subhaloes(np.random.default_rng(2), 4e14, 1500.0, BODY, size)
        for size in (1.0, 2.0)
    )
    np.testing.assert_array_equal(plain.mass, large.mass)
    np.testing.assert_allclose(large.size, 2 * plain.size)


def test_scatterings_take_mass():
    scatterings = 10 * 30 / RADII_KPC
    distance = np.array([1.0, 30.0, 300.0, 3000.0])
    met = np.interp(np.log(np.maximum(distance, 30)), LOG_RADII, scatterings)
    left = surviving(distance, scatterings, 1.0)
    np.testing.assert_allclose(left, np.exp(-0.5 * np.minimum(met, 3) - 0.1))
    assert left[0] == left[1] == pytest.approx(np.exp(-1.6))
    assert left[3] == pytest.approx(np.exp(-0.15), rel=1e-2)
    np.testing.assert_array_equal(surviving(distance, 0 * scatterings, 0.0), 1)


def test_relaxed_clusters_merge_rarely_and_far_out():
    rng = np.random.default_rng(3)
    for relaxed, share, nearest in ((True, 0.12, 500), (False, 0.7, 120)):
        drawn = [draw_merger(rng, 4e14, relaxed) for _ in range(2000)]
        found = [each for each in drawn if each is not None]
        # 4 sigma of 2000
        assert len(found) / 2000 == pytest.approx(
            share, abs=4 * (share * (1 - share) / 2000) ** 0.5
        )
        distance = np.array([np.hypot(each.x, each.y) for each in found])
        # scattered by 25 kpc
        assert nearest - 100 < distance.min() < distance.max() < 1200
        masses = np.array([each.mass for each in found]) / 4e14
        assert 0.05 < masses.min() < masses.max() < 0.45
