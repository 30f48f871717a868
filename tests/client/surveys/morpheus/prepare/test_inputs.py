"""Four files become the bands of one image, or are refused by name."""

from contextlib import ExitStack

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


@pytest.fixture
def stack():
    with ExitStack() as stack:
        yield stack


def test_bands_are_named_in_the_order_of_the_files(paths, stack):
    images = open_bands(paths, stack)
    assert tuple(images) == BANDS
    assert [image.rows(0, 1)[0, 0] for image in images.values()] == [1, 2, 3, 4]


def test_the_stack_closes_the_files(paths):
    with ExitStack() as stack:
        images = open_bands(paths, stack)
    for image in images.values():
        with pytest.raises(BadInput, match="closed file"):
            image.rows(0, 1)


@pytest.mark.parametrize("n", [0, 3, 5])
def test_other_numbers_of_files_are_refused(paths, stack, n):
    message = rf"needs 4 images, in the order H, J, V, z \(F160W, .*; received {n}"
    with pytest.raises(BadInput, match=message):
        open_bands((paths * 2)[:n], stack)


def test_one_file_for_two_bands_is_refused_though_by_another_name(paths, stack):
    paths[3].unlink()
    paths[3].symlink_to(paths[1])
    with pytest.raises(BadInput, match="one file stands in the place of several bands"):
        open_bands(paths, stack)


def test_a_missing_file_is_named(paths, stack):
    paths[2].unlink()
    with pytest.raises(BadInput, match=r"there is no file .*V\.fits"):
        open_bands(paths, stack)


def test_less_than_a_window_and_another_grid_are_refused(paths, stack):
    fits.writeto(paths[1], np.zeros((45, 39), np.float32), overwrite=True)
    with pytest.raises(BadInput, match=r"J\.fits is too small: received 39 x 45"):
        open_bands(paths, stack)
    fits.writeto(paths[1], np.zeros((45, 51), np.float32), overwrite=True)
    with pytest.raises(BadInput, match="H and J differ in shape"):
        open_bands(paths, stack)


@pytest.mark.parametrize(
    ("said", "warned"),
    [(FILTERS[2], True), (" f850lp ", False), ("CLEAR", False), (None, False)],
)
def test_a_header_that_names_another_band_is_reported(
    paths, stack, caplog, said, warned
):
    if said is not None:
        fits.setval(paths[3], "FILTER", value=said)
    open_bands(paths, stack)
    assert len(caplog.records) == warned
    if warned:
        assert "place of band z (F850LP), but its header says F606W" in caplog.text


@pytest.mark.parametrize(
    ("name", "card"),
    [(None, {}), ("  ", {}), (" SIMULATED ", {"OBJECT": "SIMULATED"})],
)
def test_the_object_is_that_of_the_header(paths, stack, name, card):
    if name is not None:
        fits.setval(paths[0], "OBJECT", value=name)
    assert object_card(open_bands(paths, stack)[BANDS[0]]) == card
