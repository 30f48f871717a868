"""Pictures show what they say they show."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from amphitrite.errors import BadInput, OutputError
from amphitrite.files import folders
from amphitrite.surveys.calnet.interpret.periods import Ephemeris, Peak
from amphitrite.surveys.calnet.interpret.stars import Scored, Star
from amphitrite.surveys.calnet.pictures import SHEET, draw, draw_sheet, thumbnail
from amphitrite.surveys.calnet.products import (
    best,
    check_folder,
    drawing,
    file_name,
    make_folder,
    write,
    write_sheet,
)

pytest.importorskip("matplotlib", reason="pictures need the plots extra")

EPHEMERIS = Ephemeris(2.5, 1e-5, 2010.0, 0.3, Peak(1.25, 0.4, 0.0), 2.5, ("odd_even",))


def star(number=42, p_eb=0.95):
    scored = Scored(
        *(Path("a.fits"), f"TIC {number}", number, 3, 10.0, -5.0, 9.25, "0" * 64),
        peak=EPHEMERIS.peak,
        p_eb=np.array([p_eb], np.float32),
        start=np.array([2000.0]),
    )
    return Star((scored,), repeated=False)


@pytest.fixture
def curve(sector, binary):
    time = sector(step=400.0)
    return time, binary(time, period=2.5, epoch=2010.0)


def test_a_star_is_drawn_three_ways(curve):
    figure = draw(star(), *curve, EPHEMERIS)
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


def test_the_folded_thumbnail_begins_a_quarter_before_the_minimum(curve):
    means = thumbnail(*curve, EPHEMERIS)
    assert means.shape == (96,)
    assert abs(means.argmin() - 23.5) <= 1
    assert means.min() == pytest.approx(0.7, abs=0.01)


def test_the_sheet_shows_the_best_first(tmp_path, curve):
    stars = best([star(number, 0.9 + number / 2000) for number in range(1, 121)])
    assert len(stars) == 100
    ephemerides = {s.name: EPHEMERIS for s in stars}
    thumbnails = {s.name: thumbnail(*curve, EPHEMERIS) for s in stars}
    write_sheet(tmp_path, stars, ephemerides, thumbnails, replace=False)
    with Image.open(tmp_path / SHEET) as image:
        assert image.size == (1600, 1410)
    shown = draw_sheet(stars, ephemerides, thumbnails).axes
    assert shown[0].get_title() == "TIC 120\n2.5000 d  0.96"
    np.testing.assert_array_equal(shown[0].lines[0].get_ydata(), thumbnails["TIC 120"])
    assert len(draw_sheet([], {}, {}).axes[0].lines) == 0


def test_a_picture_is_a_file_of_the_stars_name(tmp_path, curve):
    path = tmp_path / file_name(star())
    assert path.name == "TIC_42.png"
    write(path, star(), *curve, EPHEMERIS)
    with Image.open(path) as image:
        assert image.size == (1000, 750)


def test_a_folder_is_made_or_refused(tmp_path):
    folder = tmp_path / "a" / "b"
    check_folder(folder, replace=False)
    make_folder(folder)
    assert folders.is_ours(folder)
    (tmp_path / "file").touch()
    with pytest.raises(BadInput, match=r"--plots must be a folder; .*file is a file"):
        check_folder(tmp_path / "file", replace=True)
    with pytest.raises(OutputError, match=r"cannot write .*Not a directory"):
        make_folder(tmp_path / "file" / "inner")
    (tmp_path / "link").symlink_to(folder)
    with pytest.raises(OutputError, match="is a link to"):
        check_folder(tmp_path / "link", replace=True)


def test_pictures_of_an_earlier_run_are_replaced_only_if_allowed(tmp_path):
    make_folder(tmp_path)
    check_folder(tmp_path, replace=False)  # nothing has been drawn yet
    (tmp_path / "TIC_1.png").write_text("old")
    with pytest.raises(OutputError, match=r"already holds pictures; .*--overwrite"):
        check_folder(tmp_path, replace=False)
    check_folder(tmp_path, replace=True)
    with drawing(tmp_path / "TIC_1.png", replace=True) as path:
        path.write_text("new")
    assert (tmp_path / "TIC_1.png").read_text() == "new"
    with (
        pytest.raises(OutputError, match="appeared or was changed"),
        drawing(tmp_path / "TIC_1.png", replace=False) as path,
    ):
        path.write_text("newest")
    assert (tmp_path / "TIC_1.png").read_text() == "new"


def test_a_folder_of_somebody_else_is_not_drawn_into(tmp_path):
    (tmp_path / "holiday.png").write_text("beach")
    for replace in (False, True):
        with pytest.raises(
            OutputError, match=r"holds holiday\.png and is not a folder"
        ):
            check_folder(tmp_path, replace=replace)
