"""Clusters on their way to the server are seen as stated."""

from __future__ import annotations

import numpy as np

from amphitrite.surveys.darkcnn.page import KNOWN_PRESENT, MAPS, MODEL, PRESENT
from amphitrite_training.surveys.darkcnn.forecasting.served import make, pieces
from amphitrite_training.surveys.darkcnn.observing import View


def test_pieces_hold_every_id_once():
    found = pieces(100, 41, cross_sections=(0.3,), n_random=2)
    numbers = [n for each in found for n in range(each.first, each.first + each.n)]
    assert numbers == list(range(100, 141))
    assert len(found) > 1


def test_what_the_network_is_given():
    (chunk,) = pieces(100, 2, cross_sections=(), n_random=2)
    view = View(np.array([True, False, True]), False, 30.0, 0.0)
    made = make(chunk, view, 1)
    assert {name: values.shape for name, values in made.inputs.items()} == {
        each.name: (4, *each.shape) for each in MODEL.inputs
    }
    np.testing.assert_array_equal(made.truth["number"], [100, 100, 101, 101])
    assert len(set(made.truth["cross_section"])) > 1
    np.testing.assert_array_equal(made.inputs[PRESENT], [[1, 0, 1]] * 4)
    assert (made.inputs[KNOWN_PRESENT] == 1).all()
    assert made.inputs[MAPS][..., 0].min() < -1  # noise
    again = make(chunk, view, 1)
    np.testing.assert_array_equal(made.inputs[MAPS], again.inputs[MAPS])
    other = make(chunk, view, 2)
    assert not np.array_equal(made.inputs[MAPS], other.inputs[MAPS])
