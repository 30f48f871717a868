"""The noise of particles."""

from __future__ import annotations

import numpy as np
import pytest

from amphitrite_training.surveys.darkcnn.simulate.texture import PARTICLE, of_particles

NORMAL = np.random.default_rng(1).normal(size=(200, 200))


@pytest.mark.parametrize("expected", [60.0, 400.0])
def test_dense_pixels_have_the_noise_of_their_particles(expected):
    smooth = np.full((200, 200), expected * PARTICLE / 400)
    found = of_particles(smooth, NORMAL) / (PARTICLE / 400)
    # 4 sigma of 40,000 numbers; the expansion adds 1/18 to the variance
    assert found.mean() == pytest.approx(expected, abs=4 * (expected / 40_000) ** 0.5)
    assert found.var() == pytest.approx(expected, rel=0.03)
    skewness = np.mean((found - expected) ** 3) / expected**1.5
    assert skewness == pytest.approx(expected**-0.5, abs=0.05)


def test_sparse_pixels_are_smooth():
    smooth = np.full((200, 200), 3 * PARTICLE / 400)
    found = of_particles(smooth, NORMAL) / (PARTICLE / 400)
    neighbours = np.corrcoef(found[:, :-1].ravel(), found[:, 1:].ravel())[0, 1]
    # the kernel's own correlation is 0.8
    assert neighbours > 0.6
    # 1.3 x 0.95 of the noise after the kernel, whose sum of squares is 0.075, and
    # 0.05 of it before
    assert 0.25 < found.std() / 3**0.5 < 0.45
    assert found.min() >= 0.02 * 3


def test_maps_that_differ_little_have_noise_that_differs_little():
    smooth = np.full((200, 200), 100 * PARTICLE / 400)
    first, second = (of_particles(factor * smooth, NORMAL) for factor in (1.0, 1.01))
    change = (second - first) / (0.01 * smooth)
    # the noise of 10 % changes by half of a percent of itself
    assert change.mean() == pytest.approx(1, abs=0.01)
    assert change.std() == pytest.approx(0.05, abs=0.01)
