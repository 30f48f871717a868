"""ROC curves, from plain arrays."""

from __future__ import annotations

import numpy as np
import pytest

from amphitrite_training.diagrams import rocs

pytest.importorskip("matplotlib", reason="pictures need the plots extra")


def test_a_roc_without_false_positives_can_be_drawn():
    curve = rocs.Roc(np.zeros(2), np.array([0.0, 1.0]), {})
    (axes,) = rocs.roc({"all": curve}, title="none").axes
    low, high = axes.get_xlim()
    assert 0 < low < high == 1
    assert axes.lines[0].get_xdata().tolist() == [low, low]


def test_a_roc_shows_where_its_least_rate_is():
    curve = rocs.Roc(
        np.array([0, 0.002, 1]), np.array([0.6, 0.9, 1]), {"here": (0.002, 0.9)}
    )
    (axes,) = rocs.roc({"all": curve}, title="some").axes
    assert axes.get_xlim()[0] == pytest.approx(0.001)
    assert axes.lines[1].get_xydata().tolist() == [[0.002, 0.9]]


def test_a_marked_point_is_within_the_frame():
    for hits, low in ((0.9, 0.5), (0.3, 0.0)):
        curve = rocs.Roc(
            np.array([0, 0.1, 1]), np.array([0, hits, 1]), {"here": (0.1, hits)}
        )
        (axes,) = rocs.roc({"all": curve}, title="some").axes
        assert axes.get_ylim()[0] == low


def test_roc_panels_share_their_axes():
    some = rocs.Roc(np.array([0, 0.2, 1]), np.array([0, 0.9, 1]), {})
    finer = rocs.Roc(np.array([0, 0.002, 1]), np.array([0, 0.9, 1]), {})
    panels = {"one": {"a": some}, "two": {"a": some, "b": finer}}
    one, two = rocs.rocs(panels, xlabel="x", ylabel="y").axes
    assert (one.get_title(), two.get_title()) == ("one", "two")
    assert one.get_xlim() == two.get_xlim() == (0.001, 1)
    colours = [line.get_color() for line in two.lines]
    assert len(set(colours)) == 2


def test_panels_of_the_same_labels_have_one_legend():
    some = rocs.Roc(np.array([0, 0.2, 1]), np.array([0, 0.9, 1]), {"here": (0.2, 0.9)})
    panels = {"one": {"a": some}, "two": {"a": some}}
    figure = rocs.rocs(panels, xlabel="x", ylabel="y", same_labels=True)
    assert all(axes.get_legend() is None for axes in figure.axes)
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == ["a", "a, here"]
    beside = rocs.rocs(panels, xlabel="x", ylabel="y")
    assert not beside.legends
    assert all(axes.get_legend() is not None for axes in beside.axes)
