"""Pictures of measures, from plain arrays."""

from __future__ import annotations

import numpy as np
import pytest

from amphitrite_training import diagrams

pytest.importorskip("matplotlib", reason="pictures need the plots extra")


def test_odds_are_decades_and_kept_in_the_frame():
    odds = diagrams.log_odds(np.array([0, 1 / 11, 0.5, 10 / 11, 1]))
    np.testing.assert_allclose(odds, [-4, -1, 0, 1, 4], atol=1e-12)


def test_a_roc_without_false_positives_can_be_drawn():
    curve = diagrams.Roc(np.zeros(2), np.array([0.0, 1.0]), {})
    (axes,) = diagrams.roc({"all": curve}, title="none").axes
    low, high = axes.get_xlim()
    assert 0 < low < high == 1
    assert axes.lines[0].get_xdata().tolist() == [low, low]


def test_a_roc_shows_where_its_least_rate_is():
    curve = diagrams.Roc(
        np.array([0, 0.002, 1]), np.array([0.6, 0.9, 1]), {"here": (0.002, 0.9)}
    )
    (axes,) = diagrams.roc({"all": curve}, title="some").axes
    assert axes.get_xlim()[0] == pytest.approx(0.001)
    assert axes.lines[1].get_xydata().tolist() == [[0.002, 0.9]]


def test_empty_bins_are_left_out_of_the_reliability():
    figure = diagrams.reliability(
        np.array([0.1, np.nan, 0.9]),
        np.array([0.0, np.nan, 1.0]),
        np.array([[0, 0.2], [0, 1], [0.7, 1]]),
        title="some",
        ylabel="share",
    )
    (axes,) = figure.axes
    assert axes.lines[1].get_xydata().tolist() == [[0.1, 0], [0.9, 1]]


def test_every_class_has_its_row():
    groups = {"bright": np.array([0.99, 0.98]), "dim": np.array([]), "odd": np.ones(3)}
    figure = diagrams.scores(groups, threshold=0.9, wanted=("bright",), title="some")
    (axes,) = figure.axes
    names = [label.get_text() for label in axes.get_yticklabels()]
    assert names == ["odd (3)", "dim (0)", "bright (2)"]  # from below


def test_panels_stand_in_rows():
    shown = [
        diagrams.Panel(str(n), np.arange(3.0), np.full(3, float(n))) for n in range(5)
    ]
    figure = diagrams.panels(shown, title="some", xlabel="x", columns=3)
    used = [axes for axes in figure.axes if axes.lines]
    assert [axes.get_title() for axes in used] == list("01234")
    assert len(figure.axes) == 6
