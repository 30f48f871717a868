"""What pixels hold."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.integrate import dblquad

from amphitrite_training.surveys.darkcnn.simulate import painting
from amphitrite_training.surveys.darkcnn.simulate.grid import RADII_KPC, offsets_kpc
from amphitrite_training.surveys.darkcnn.simulate.shapes import Ellipsoid, ellipses

ROUND = ellipses(Ellipsoid(1.0, 1.0, np.eye(3)), 0.0)


def test_a_body_is_its_column_density():
    image = painting.empty()
    column = 1e9 * (RADII_KPC / 100) ** -1.2
    painting.add_body(image, column, ROUND, (10.0, -30.0), 0.0)
    place = offsets_kpc()
    radius = np.hypot(place[:, None] + 30, place - 10)
    far = radius > 300
    # a pixel's centre instead of its mean: 1.2^2 (20/300)^2 / 24 = 3e-4
    np.testing.assert_allclose(image[far], 1e9 * (radius[far] / 100) ** -1.2, rtol=5e-4)


def test_a_pixel_near_the_centre_is_a_mean():
    image = painting.empty()
    painting.add_body(image, RADII_KPC**-1.0, ROUND, (0.0, 0.0), 6.0)
    mean, _ = dblquad(lambda y, x: (x * x + y * y + 36) ** -0.5, 0, 20, 0, 20)
    # 8 x 8 points
    np.testing.assert_allclose(image[49:51, 49:51], mean / 400, rtol=2e-3)


@pytest.mark.parametrize("scale", [5.0, 30.0, 100.0])
def test_a_clump_holds_its_mass(scale):
    """All but what lies beyond the reach: about 1 / reach of it in scales."""
    image = painting.empty()
    painting.add_clump(image, 1e13, scale, (113.0, -76.0), 800.0)
    lost = scale / math.hypot(800.0, scale)
    # a clump smaller than the points of a pixel depends on where these are
    assert image.sum() * 400 == pytest.approx(1e13 * (1 - lost), rel=0.04)
    row, column = np.unravel_index(image.argmax(), image.shape)
    assert abs(offsets_kpc()[column] - 113) <= 10
    assert abs(offsets_kpc()[row] + 76) <= 10


@pytest.mark.parametrize("centre", [(1100.0, 0.0), (0.0, -1090.0), (5000.0, 5000.0)])
def test_a_clump_may_lie_outside(centre):
    image = painting.empty()
    painting.add_clump(image, 1e13, 50.0, centre, 300.0)
    assert np.isfinite(image).all()
    assert (image.max() > 0) == (max(map(abs, centre)) < 1300)


def test_bodies_add_up():
    image = painting.empty()
    painting.add_clump(image, 1.0, 50.0, (0.0, 0.0), 300.0)
    once = image.copy()
    painting.add_clump(image, 1.0, 50.0, (0.0, 0.0), 300.0)
    np.testing.assert_allclose(image, 2 * once)
