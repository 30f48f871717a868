"""Maps of power, from plain arrays."""

from __future__ import annotations

import numpy as np
import pytest

from amphitrite_training.diagrams.maps import Map, maps

pytest.importorskip("matplotlib", reason="pictures need the plots extra")


def test_time_goes_right_and_frequency_up():
    power = np.zeros((4, 3))
    power[3, 0] = 1.0
    track = np.array([[0.0, 8.0], [1.0, 2.0]])
    quiet = Map(power, (0.0, 8.0), (1.0, 2.5), {})
    figure = maps(
        {"one": quiet, "two": Map(power, (0.0, 8.0), (1.0, 2.5), {"line": track})},
        title="some",
    )
    one, two = figure.axes
    (image,) = one.images
    assert image.get_array().shape == (3, 4)
    assert image.get_array()[0, 3] == 1
    assert image.origin == "lower"
    assert image.get_extent() == [0, 8, 1, 2.5]
    assert not one.lines
    np.testing.assert_array_equal(two.lines[0].get_xydata(), track.T)
    assert two.get_legend() is not None


def test_a_map_of_even_power_can_be_drawn():
    even = Map(np.ones((2, 2)), (0.0, 1.0), (0.0, 1.0), {})
    (axes,) = maps({"even": even}, title="some").axes
    axes.figure.draw_without_rendering()
