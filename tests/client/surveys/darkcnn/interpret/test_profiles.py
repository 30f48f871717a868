"""Azimuthal means of maps that are known."""

import numpy as np

from amphitrite.surveys.darkcnn.interpret.profiles import EDGES_KPC, profile
from amphitrite.surveys.darkcnn.prepare.missing import RADII


def test_a_profile_is_that_of_all_mass():
    maps = np.zeros((100, 100, 3), np.float32)
    maps[..., 0] = 1 / (1 + RADII / 100)
    maps[..., 1:] = 9
    found = profile(maps)
    edges = np.array(EDGES_KPC, float)
    # the mean over a ring lies between the values at its edges
    assert (found <= 1 / (1 + edges[:-1] / 100)).all()
    assert (found >= 1 / (1 + edges[1:] / 100)).all()


def test_the_innermost_ring_is_of_four_pixels():
    maps = np.zeros((100, 100, 3))
    maps[49:51, 49:51, 0] = [[1, 2], [3, -2]]
    np.testing.assert_array_equal(profile(maps)[:2], [1, 0])
