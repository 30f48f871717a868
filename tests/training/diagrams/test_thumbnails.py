"""Small images are shown in their order."""

from __future__ import annotations

import numpy as np
import pytest

from amphitrite_training.diagrams.thumbnails import Thumbnail, thumbnails

pytest.importorskip("matplotlib", reason="diagrams need the plots extra")


def test_logarithms_end_three_decades_below_the_maximum():
    image = np.array([[0.0, 10.0], [1.0, 1e-6]])
    figure = thumbnails(
        [Thumbnail("a", image), Thumbnail("b", image, linear=True)],
        title="T",
        columns=3,
    )
    first, second, empty = figure.axes
    np.testing.assert_allclose(first.images[0].get_array(), [[-3, 0], [-1, -3]])
    np.testing.assert_array_equal(second.images[0].get_array(), image)
    assert [axes.get_title() for axes in figure.axes] == ["a", "b", ""]
    assert not empty.images


def test_there_may_be_none():
    assert len(thumbnails([], title="T", columns=2).axes) == 2
