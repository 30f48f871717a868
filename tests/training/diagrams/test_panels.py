"""Pictures of measures, from plain arrays."""

from __future__ import annotations

import numpy as np
import pytest

from amphitrite_training.diagrams import panels as diagrams_panels
from amphitrite_training.diagrams.panels import Panel, log_odds, scores

pytest.importorskip("matplotlib", reason="pictures need the plots extra")


def test_odds_are_decades_and_kept_in_the_frame():
    odds = log_odds(np.array([0, 1 / 11, 0.5, 10 / 11, 1]))
    np.testing.assert_allclose(odds, [-4, -1, 0, 1, 4], atol=1e-12)


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
