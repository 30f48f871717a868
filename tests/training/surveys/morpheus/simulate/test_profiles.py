"""The profiles of sources: their radius and their flux."""

import numpy as np
import pytest

from amphitrite_training.surveys.morpheus.simulate.profiles import Sersic


@pytest.mark.parametrize("index", [1.0, 2.5, 4.0])
@pytest.mark.parametrize("axis_ratio", [1.0, 0.4])
def test_half_the_light_is_within_the_radius(index, axis_ratio):
    profile = Sersic(
        0.0, 0.0, radius=20.0, index=index, axis_ratio=axis_ratio, angle=0.0
    )
    # Polar rings on the ellipse: exact in angle, fine in radius.
    radius = (np.arange(4000) + 0.5) * 20.0 / 4000
    light = profile.at(np.zeros_like(radius), radius)
    within = (light * 2 * np.pi * radius * axis_ratio).sum() * 20.0 / 4000
    # The softened core takes 0.1 % at n = 4.
    assert within == pytest.approx(0.5, abs=2e-3)


def test_arms_keep_the_flux():
    options = {"radius": 12.0, "index": 1.0, "axis_ratio": 0.7, "angle": 0.4}
    y, x = np.ogrid[-70.0:71, -70.0:71]
    plain = Sersic(0.0, 0.0, **options).at(y, x)
    spiral = Sersic(0.0, 0.0, **options, arms=0.8, phase=1.0, winding=2.0).at(y, x)
    assert spiral.sum() == pytest.approx(plain.sum(), rel=1e-3)
    assert np.abs(spiral / plain - 1).max() == pytest.approx(0.8, abs=0.01)
    np.testing.assert_allclose(spiral, spiral[::-1, ::-1], rtol=1e-9)  # two arms
