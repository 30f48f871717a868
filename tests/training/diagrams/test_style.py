"""Colours that stay what they are."""

from __future__ import annotations

import numpy as np
import pytest

from amphitrite_training.diagrams import style

pytest.importorskip("matplotlib", reason="pictures need the plots extra")


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
