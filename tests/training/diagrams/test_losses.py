from __future__ import annotations

import logging
import sys

import numpy as np
import pytest
from PIL import Image

from amphitrite_training.diagrams.losses import draw

BLUE, ORANGE = (31, 119, 180), (255, 127, 14)  # Matplotlib's first two colours


def history(*losses):
    return [
        {
            "samples": 100 * (i + 1),
            "loss": loss,
            "val_loss": 2 * loss,
            "learning_rate": 0.1,
        }
        for i, loss in enumerate(losses)
    ]


@pytest.mark.parametrize("losses", [(3.0, 0.2, 0.1), (1.0, 0.0, -1.0), (0.5,)])
def test_both_losses_are_drawn(tmp_path, losses):
    pytest.importorskip("matplotlib", reason="needs the plots extra")
    draw(history(*losses), tmp_path / "curve.png", title="line")
    with Image.open(tmp_path / "curve.png") as picture:
        pixels = np.asarray(picture.convert("RGB"))
    for colour in (BLUE, ORANGE):
        assert (np.abs(pixels.astype(int) - colour).sum(axis=-1) < 10).sum() > 50


def test_without_the_extra_it_is_left_out_with_a_warning(tmp_path, monkeypatch, caplog):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with caplog.at_level(logging.WARNING, "amphitrite_training"):
        draw(history(1.0), tmp_path / "curve.png", title="line")
    assert "curve.png is left out: it needs the 'plots' extra" in caplog.text
    assert not list(tmp_path.iterdir())
