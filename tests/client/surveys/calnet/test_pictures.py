"""Pictures show what they say they show."""

import numpy as np
import pytest
from PIL import Image

from amphitrite.surveys.calnet.pictures import SHEET, draw, draw_sheet, thumbnail
from amphitrite.surveys.calnet.products import best, write_sheet

pytest.importorskip("matplotlib", reason="pictures need the plots extra")


def test_a_star_is_drawn_three_ways(curve, candidate, ephemeris):
    figure = draw(candidate(), *curve, ephemeris)
    light, powers, folded = figure.axes
    np.testing.assert_array_equal(light.lines[0].get_ydata(), curve[1])
    highest = powers.lines[0].get_xdata()[powers.lines[0].get_ydata().argmax()]
    # two alike eclipses an orbit; a peak's width is 1.25^2 / 27 d
    assert highest == pytest.approx(1.25, abs=0.06)
    phase, flux = folded.lines[1].get_data()
    assert (phase[0] >= -0.25) & (phase[-1] < 0.75)
    assert phase[flux.argmin()] == pytest.approx(0, abs=0.02)
    title = figure.get_suptitle()
    assert "TIC 42   sector 3   Tmag 9.25   P(EB) 0.950" in title
    assert "P = 2.500000 ± 1e-05 d   depth 30.00%   odd_even" in title


def test_the_folded_thumbnail_begins_a_quarter_before_the_minimum(curve, ephemeris):
    means = thumbnail(*curve, ephemeris)
    assert means.shape == (96,)
    assert abs(means.argmin() - 23.5) <= 1
    assert means.min() == pytest.approx(0.7, abs=0.01)


def test_the_sheet_shows_the_best_first(tmp_path, curve, candidate, ephemeris):
    stars = best([candidate(number, 0.9 + number / 2000) for number in range(1, 121)])
    assert len(stars) == 100
    ephemerides = {s.name: ephemeris for s in stars}
    thumbnails = {s.name: thumbnail(*curve, ephemeris) for s in stars}
    write_sheet(tmp_path, stars, ephemerides, thumbnails, replace=False)
    with Image.open(tmp_path / SHEET) as image:
        assert image.size == (1600, 1410)
    shown = draw_sheet(stars, ephemerides, thumbnails).axes
    assert shown[0].get_title() == "TIC 120\n2.5000 d  0.96"
    np.testing.assert_array_equal(shown[0].lines[0].get_ydata(), thumbnails["TIC 120"])
    assert len(draw_sheet([], {}, {}).axes[0].lines) == 0
