"""The grid of the maps."""

from __future__ import annotations

import numpy as np

from amphitrite_training.surveys.darkcnn.simulate.grid import offsets_kpc


def test_the_centre_is_the_corner_of_four_pixels():
    places = offsets_kpc()
    assert (places[0], places[49], places[50], places[-1]) == (-990, -10, 10, 990)
    np.testing.assert_allclose(np.diff(places), 20)
