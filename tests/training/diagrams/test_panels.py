"""Pictures of measures, from plain arrays."""

from __future__ import annotations

import numpy as np
import pytest

from amphitrite_training.diagrams import panels as diagrams_panels
from amphitrite_training.diagrams import rocs, shares, style
from amphitrite_training.diagrams.panels import Panel, log_odds, scores

pytest.importorskip("matplotlib", reason="pictures need the plots extra")


def test_odds_are_decades_and_kept_in_the_frame():
    odds = log_odds(np.array([0, 1 / 11, 0.5, 10 / 11, 1]))
    np.testing.assert_allclose(odds, [-4, -1, 0, 1, 4], atol=1e-12)


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


def test_every_class_has_its_row():
    groups = {"bright": np.array([0.99, 0.98]), "dim": np.array([]), "odd": np.ones(3)}
    figure = scores(groups, threshold=0.9, wanted=("bright",), title="some")
    (axes,) = figure.axes
    names = [label.get_text() for label in axes.get_yticklabels()]
    assert names == ["odd (3)", "dim (0)", "bright (2)"]  # from below


def test_panels_stand_in_rows():
    shown = [Panel(str(n), np.arange(3.0), np.full(3, float(n))) for n in range(5)]
    figure = diagrams_panels.panels(shown, title="some", xlabel="x", columns=3)
    used = [axes for axes in figure.axes if axes.lines]
    assert [axes.get_title() for axes in used] == list("01234")
    assert len(figure.axes) == 6


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


def test_thin_lines_keep_their_colour(tmp_path):
    from matplotlib.colors import to_rgb
    from matplotlib.figure import Figure
    from PIL import Image

    figure = Figure(figsize=(6, 4))
    axes = figure.subplots()
    axes.fill_between([0, 1], [0, 1], color=style.BAND, alpha=0.5)
    for number, colour in enumerate(style.COLOURS):
        axes.plot([0, 1], [number, number], color=colour, linewidth=1.5)
    (path,) = style.write({"lines": figure}, tmp_path)
    colours = np.unique(
        np.asarray(Image.open(path).convert("RGB")).reshape(-1, 3), axis=0
    )
    for colour in style.COLOURS:
        nearest = np.abs(colours - 255 * np.array(to_rgb(colour))).max(axis=1).min()
        assert nearest < 12  # of 255: nothing that an eye notices
