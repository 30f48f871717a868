"""A picture is drawn under its star's name."""

import pytest
from PIL import Image

from amphitrite.surveys.calnet.products import file_name, write

pytest.importorskip("matplotlib", reason="pictures need the plots extra")


def test_a_picture_is_a_file_of_the_stars_name(tmp_path, curve, candidate, ephemeris):
    path = tmp_path / file_name(candidate())
    assert path.name == "TIC_42.png"
    write(path, candidate(), *curve, ephemeris)
    with Image.open(path) as image:
        assert image.size == (1000, 750)
