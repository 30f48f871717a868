"""Filters read from both headers, and bands that are put in their order."""

import pytest
from astropy.io import fits

from amphitrite.errors import BadInput
from amphitrite.files.choices import Choices
from amphitrite.files.images import read_image
from amphitrite.surveys.morpheus.page import BANDS, FILTERS
from amphitrite.surveys.morpheus.prepare.filters import filter_of, in_order


def order(images, given, choices=None):
    """Return the bands that stood in the places H, J, V, z."""
    found = in_order([images[band] for band in given], choices or Choices())
    assert list(found) == list(BANDS)
    return [
        next(b for b, i in images.items() if i is image) for image in found.values()
    ]


def test_both_wheels_are_read_without_their_clear_positions(images):
    assert [filter_of(image) for image in images().values()] == list(FILTERS)


@pytest.mark.parametrize(
    ("cards", "name"),
    [
        ({"FILTER": None}, ""),
        ({"FILTER": " f160w "}, "F160W"),
        ({"FILTER": "CLEAR1L; F814W"}, "F814W"),
        ({"FILTER": "F150W2", "PUPIL": "F162M"}, "F150W2+F162M"),
        ({"FILTER": "F444W", "PUPIL": "CLEAR"}, "F444W"),
        ({"FILTER": None, "FILTNAM1": "F606W"}, "F606W"),
        ({"FILTER": 160}, "160"),
    ],
)
def test_names_of_other_cameras(images, cards, name):
    assert filter_of(images(H=cards)["H"]) == name


def test_the_primary_header_counts_where_the_images_own_has_none(tmp_path, files):
    (path, *_) = files.write()
    with fits.open(path) as hdus:
        primary = fits.PrimaryHDU(header=fits.Header({"FILTER": "F125W"}))
        image = fits.ImageHDU(hdus[0].data, name="SCI")
        drizzled = tmp_path / "drz.fits"
        fits.HDUList([primary, image]).writeto(drizzled)
        with read_image(drizzled) as image:
            assert filter_of(image) == "F125W"
        fits.setval(drizzled, "FILTER", value="F160W", ext=1)
        with read_image(drizzled) as image:
            assert filter_of(image) == "F160W"


@pytest.mark.parametrize("given", ["HJVz", "JHVz", "HJzV", "zVJH", "JVzH"])
def test_bands_come_in_the_order_of_their_headers(images, given):
    choices = Choices()
    assert order(images(), given, choices) == list(BANDS)
    assert len(choices.made) == (given != "HJVz")


def test_the_new_order_is_said(images, caplog):
    found = images()
    order(found, "JHVz")
    (record,) = caplog.records
    assert f"H {found['H'].path}, J {found['J'].path}, V" in record.getMessage()


def test_files_without_a_filter_keep_their_place(images):
    bare = dict.fromkeys(("FILTER1", "FILTER2"))
    assert order(images(V=bare, z=bare), "JHVz") == list(BANDS)
    assert order(images(V=bare, z=bare), "HJzV") == ["H", "J", "z", "V"]


def test_one_file_without_a_filter_has_the_place_that_is_left(images):
    bare = dict.fromkeys(("FILTER1", "FILTER2"))
    assert order(images(V=bare), "VJHz") == list(BANDS)


def test_files_without_a_filter_in_anothers_place_are_refused(images):
    bare = dict.fromkeys(("FILTER1", "FILTER2"))
    found = images(V=bare, z=bare)
    with pytest.raises(BadInput, match=r"contradict the order(.|\n)*V\.fits, header -"):
        order(found, "VJHz")


def test_two_of_one_filter_are_refused(images):
    found = images(J={"FILTER": "F160W"})
    with pytest.raises(BadInput, match=r"of one filter(.|\n)*J \(F125W\): .*F160W"):
        order(found, "HJVz")
