"""Pictures of triggers and of the stream stand under their names."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from amphitrite.errors import OutputError
from amphitrite.files.drawings import make_folder
from amphitrite.surveys.emri.interpret.triggers import Trigger
from amphitrite.surveys.emri.products import (
    STREAM,
    draw_stream,
    draw_trigger,
    file_name,
)

pytest.importorskip("matplotlib", reason="pictures need the plots extra")

TRIGGER = Trigger(0, 0, 0, 0.0, 0.0, 7e6, 5.0)


def test_pictures_are_drawn_and_replaced_only_if_allowed(tmp_path):
    make_folder(tmp_path)
    power = np.random.default_rng(1).exponential(size=(128, 1000))
    path = tmp_path / file_name(7)
    assert path.name == "trigger_0007.png"
    draw_trigger(path, 7, TRIGGER, power, None, replace=False)
    with Image.open(path) as image:
        assert image.size == (1000, 550)
    start, statistic = np.zeros(1), np.full(1, 5.0)
    draw_stream(tmp_path, start, statistic, 1.0, [TRIGGER], replace=False)
    with Image.open(tmp_path / STREAM) as image:
        assert image.size == (1000, 400)
    with pytest.raises(OutputError, match="appeared or was changed"):
        draw_trigger(path, 7, TRIGGER, power, None, replace=False)
    draw_trigger(path, 7, TRIGGER, power, None, replace=True)
