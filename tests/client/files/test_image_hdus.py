"""Which HDU of a file holds the science image."""

from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

from amphitrite.errors import BadInput
from amphitrite.files.image_hdus import (
    find_image,
    hdu_name,
    names_weights,
    plane_axes,
    split_name,
)

PATH = Path("image.fits")


def hdus(*names, sides=None, primary=None):
    """Return a file with an image per name; a side of 4 pixels, or as given."""
    sides = sides or {}
    return fits.HDUList(
        [
            fits.PrimaryHDU(primary),
            *(
                fits.ImageHDU(np.zeros((sides.get(name, 4),) * 2), name=name)
                for name in names
            ),
        ]
    )


@pytest.mark.parametrize(
    ("name", "file", "hdu"),
    [
        ("d/h.fits", "d/h.fits", None),
        ("d/h.fits[SCI]", "d/h.fits", "SCI"),
        ("h.fits[SCI,1]", "h.fits", "SCI,1"),
        ("h.fits.gz[ 2 ]", "h.fits.gz", "2"),
        ("h[1].fits", "h[1].fits", None),
        ("h[1].fits[2]", "h[1].fits", "2"),
        ("h.fits[", "h.fits[", None),
        ("[1]", "[1]", None),
    ],
)
def test_names_of_hdus(name, file, hdu):
    assert split_name(Path(name)) == (Path(file), hdu)


def test_a_file_of_that_very_name_comes_first(tmp_path):
    path = tmp_path / "h.fits[1]"
    path.touch()
    assert split_name(path) == (path, None)


@pytest.mark.parametrize(
    ("names", "best"),
    [
        (["SCI"], 1),
        (["WHT", "CTX", "SCI"], 3),
        (["ERR", "DQ", "SCI", "SCI"], 3),
        (["F160W_SCI", "F160W_WHT"], 1),
        (["RMS1", "IMAGE"], 2),
        (["PREVIEW", "F160W"], 2),
        (["VAR_POISSON", "WCSDVARR", "D2IMARR", "DRIZZLED"], 4),
        (["FIRST", "SECOND"], 1),
        (["", "SCIENCE"], 2),
    ],
)
def test_science_before_others_before_weights(names, best):
    file = hdus(*names)
    assert find_image(file, PATH, None) is file[best]


def test_the_larger_of_unnamed_images_is_no_preview():
    file = hdus("SMALL", "LARGE", sides={"LARGE": 8}, primary=np.zeros((2, 2)))
    assert find_image(file, PATH, None) is file[2]


@pytest.mark.parametrize("names", [["WHT"], ["ERR", "DQ"], ["EXPTIME"], ["SEGMAP"]])
def test_what_is_named_as_something_else_is_refused(names):
    file = hdus(*names)
    with pytest.raises(BadInput, match=rf"nevertheless: image\.fits\[{names[0]}\]"):
        find_image(file, PATH, None)
    assert find_image(file, PATH, names[0]) is file[1]


@pytest.mark.parametrize(
    ("wanted", "number"),
    [("sci", 1), ("SCI,2", 3), ("SCI, 1", 1), ("err", 2), ("3", 3)],
)
def test_the_wanted_one(wanted, number):
    file = hdus("SCI", "ERR", "SCI")
    file[3].ver = 2
    assert find_image(file, PATH, wanted) is file[number]


@pytest.mark.parametrize("wanted", ["DQ", "SCI,3", "0", "7", "EVENTS", ""])
def test_what_is_not_there_is_refused_with_a_list(wanted):
    file = hdus("SCI", "ERR")
    columns = [fits.Column("a", "J", array=[1])]
    file.append(fits.BinTableHDU.from_columns(columns, name="EVENTS"))
    listed = r"0 PRIMARY \(\), 1 SCI \(4, 4\), 2 ERR \(4, 4\), 3 EVENTS no image"
    with pytest.raises(BadInput, match=listed):
        find_image(file, PATH, wanted)


def test_the_name_finds_the_hdu_again():
    file = hdus("SCI", "ERR", "SCI", "", "DQ", "DQ")
    file[3].ver = 2
    names = [hdu_name(file, hdu) for hdu in file]
    assert names == ["0", "SCI,1", "ERR", "SCI,2", "4", "5", "6"]
    for name, hdu in list(zip(names, file, strict=True))[1:]:
        assert find_image(file, PATH, name) is hdu


@pytest.mark.parametrize(
    ("shape", "axes"),
    [
        ((5, 7), (0, 1)),
        ((1, 7), (0, 1)),
        ((1, 5, 7), (1, 2)),
        ((1, 1, 5, 7), (2, 3)),
        ((5, 1, 7), (0, 2)),
        ((3, 5, 7), (0, 1, 2)),
        ((1, 1, 7), (2,)),
    ],
)
def test_axes_of_length_one(shape, axes):
    assert plane_axes(fits.ImageHDU(np.zeros(shape))) == axes


@pytest.mark.parametrize(
    ("name", "weights"),
    [
        ("hlsp_candels_hst_wfc3_f160w_v1.0_wht", True),
        ("goodss_rms", True),
        ("f606w-ivar", True),
        ("hlsp_candels_hst_wfc3_f160w_v1.0_drz", False),
        ("merrill", False),
    ],
)
def test_names_of_files_with_weights(name, weights):
    assert names_weights(name) == weights
