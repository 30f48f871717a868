"""Shares with their intervals, from plain arrays."""

from __future__ import annotations

import numpy as np
import pytest

from amphitrite_training.diagrams import shares, style

pytest.importorskip("matplotlib", reason="pictures need the plots extra")


def test_empty_bins_are_left_out_of_the_reliability():
    figure = shares.reliability(
        np.array([0.1, np.nan, 0.9]),
        np.array([0.0, np.nan, 1.0]),
        np.array([[0, 0.2], [0, 1], [0.7, 1]]),
        title="some",
        ylabel="share",
    )
    (axes,) = figure.axes
    assert axes.lines[1].get_xydata().tolist() == [[0.1, 0], [0.9, 1]]


SHARES = shares.Shares(
    at=np.array([1.0, 10.0, 100.0]),
    share=np.array([0.2, np.nan, 0.8]),
    interval=np.array([[0.1, 0.3], [0, 1], [0.5, 1.0]]),
    few=np.array([False, False, True]),
)


def test_shares_have_their_intervals_and_few_are_hollow():
    figure = shares.binned(
        {"one": {"a": SHARES}}, columns=1, title="some", xlabel="x", ylabel="y"
    )
    (axes,) = figure.axes
    (container,) = axes.containers
    (bars,) = container.lines[2]
    ends = [segment[:, 1].tolist() for segment in bars.get_segments()]
    np.testing.assert_allclose(ends, [[0.1, 0.3], [0.5, 1.0]])
    (hollow,) = (line for line in axes.lines if line.get_markerfacecolor() == "white")
    assert hollow.get_xydata().tolist() == [[100.0, 0.8]]


def test_what_is_known_is_a_line_alone():
    known = shares.Shares(SHARES.at, SHARES.share, None, SHARES.few)
    panels = {str(n): {"limit": known, "a": SHARES} for n in range(3)}
    figure = shares.binned(panels, columns=2, title="some", xlabel="x", ylabel="y")
    assert [axes.get_title() for axes in figure.axes if axes.lines] == list("012")
    axes = figure.axes[0]
    assert len(axes.containers) == 1
    assert axes.lines[0].get_color() == style.BAND
    assert axes.lines[0].get_xydata().tolist() == [[1.0, 0.2], [100.0, 0.8]]


def test_panels_of_the_same_labels_have_one_legend():
    panels = {str(n): {"a": SHARES, "b": SHARES} for n in range(2)}
    figure = shares.binned(
        panels,
        columns=2,
        title="some",
        xlabel="x",
        ylabel="y",
        xscale="linear",
        same_labels=True,
    )
    assert all(axes.get_legend() is None for axes in figure.axes)
    assert {axes.get_xscale() for axes in figure.axes} == {"linear"}
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == ["a", "b"]
