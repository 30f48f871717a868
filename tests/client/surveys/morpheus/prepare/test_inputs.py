"""Four files become the bands of one image, or are refused by name."""

import numpy as np
import pytest
from astropy.io import fits

from amphitrite.errors import BadInput
from amphitrite.surveys.morpheus.page import BANDS, FILTERS
from amphitrite.surveys.morpheus.prepare.inputs import object_card, open_bands


@pytest.fixture
def paths(tmp_path):
    """Files of the bands H, J, V and z, in that order; their pixels are 1, 2, 3, 4."""
    paths = [tmp_path / f"{band}.fits" for band in BANDS]
    for number, path in enumerate(paths, start=1):
        fits.writeto(path, np.full((45, 50), number, np.float32))
    return paths


def refuse(paths, message):
    with pytest.raises(BadInput, match=message), open_bands(paths):
        pass


def test_bands_are_named_in_the_order_of_the_files(paths):
    with open_bands(paths) as images:
        assert tuple(images) == BANDS
        assert [image.rows(0, 1)[0, 0] for image in images.values()] == [1, 2, 3, 4]


def test_the_files_are_closed_in_the_end(paths):
    with open_bands(paths) as images:
        pass
    for image in images.values():
        with pytest.raises(BadInput, match="closed file"):
            image.rows(0, 1)


@pytest.mark.parametrize("n", [0, 3, 5])
def test_other_numbers_of_files_are_refused(paths, n):
    message = rf"needs 4 images, in the order H, J, V, z \(F160W, .*; received {n}"
    refuse((paths * 2)[:n], message)


def test_one_file_for_two_bands_is_refused_though_by_another_name(paths):
    paths[3].unlink()
    paths[3].symlink_to(paths[1])
    refuse(paths, "one file is given for several bands")


def test_a_missing_file_is_named(paths):
    paths[2].unlink()
    refuse(paths, r"there is no file .*V\.fits")


def test_less_than_a_window_and_another_grid_are_refused(paths):
    fits.writeto(paths[1], np.zeros((45, 39), np.float32), overwrite=True)
    refuse(paths, r"J\.fits is too small: received 39 x 45")
    fits.writeto(paths[1], np.zeros((45, 51), np.float32), overwrite=True)
    refuse(paths, "H and J differ in shape")


@pytest.mark.parametrize(
    ("said", "warned"),
    [(FILTERS[2], True), (" f850lp ", False), ("CLEAR", False), (None, False)],
)
def test_a_header_that_names_another_band_is_reported(paths, caplog, said, warned):
    if said is not None:
        fits.setval(paths[3], "FILTER", value=said)
    with open_bands(paths):
        pass
    assert len(caplog.records) == warned
    if warned:
        assert "z.fits is given for band z (F850LP), but the FILTER" in caplog.text
        assert "is F606W" in caplog.text


@pytest.mark.parametrize(
    ("name", "card"),
    [(None, {}), ("  ", {}), (" SIMULATED ", {"OBJECT": "SIMULATED"})],
)
def test_the_object_is_that_of_the_header(paths, name, card):
    if name is not None:
        fits.setval(paths[0], "OBJECT", value=name)
    with open_bands(paths) as images:
        assert object_card(images[BANDS[0]]) == card
