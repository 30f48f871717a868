"""Connected areas of exactly 0 hold no data; single zeros do."""

import numpy as np
import pytest
from astropy.io import fits
from scipy import ndimage

from amphitrite.files.images import read_image
from amphitrite.surveys.morpheus.prepare.blank import (
    EDGE_PIXELS,
    HOLE_PIXELS,
    find_blank,
)

SHAPE = (61, 83)


@pytest.fixture
def mask(tmp_path):
    """Return the mask of an image that is 1 but for given pixels."""

    def find(zeros, *, height=None, dtype=np.float32):
        path = tmp_path / "image.fits"
        fits.writeto(path, (~zeros).astype(dtype), overwrite=True)
        with read_image(path) as image:
            blank = find_blank(image, height=height)
        found = blank.rows(0, zeros.shape[0])
        assert blank.n_pixels == found.sum()
        return found

    return find


def zeros_at(*places):
    zeros = np.zeros(SHAPE, dtype=bool)
    for place in places:
        zeros[place] = True
    return zeros


def test_borders_and_holes_count_and_single_zeros_do_not(mask):
    border = zeros_at(np.s_[:, :20], np.s_[-3:, :])
    hole = zeros_at(np.s_[20:32, 40:60])
    single = zeros_at(*((5, x) for x in range(30, 80, 4)), (20, 82), (0, 50))
    np.testing.assert_array_equal(mask(border | hole | single), border | hole)


def test_without_zeros_nothing_is_blank(mask):
    assert not mask(zeros_at()).any()


def test_an_empty_image_is_blank(mask):
    assert mask(~zeros_at()).all()


@pytest.mark.parametrize("more", [0, 1])
@pytest.mark.parametrize(
    ("place", "least"),
    [
        ((30, 5), HOLE_PIXELS),
        ((0, 30), EDGE_PIXELS),
        ((SHAPE[0] - 1, 30), EDGE_PIXELS),
    ],
)
def test_the_least_sizes(mask, place, least, more):
    zeros = zeros_at()
    row, column = place
    n = least - 1 + more
    for first in range(0, n, 50):  # in rows of 50, one above the other
        zeros[row + first // 50, column : column + min(50, n - first)] = True
    assert zeros.sum() == n
    assert mask(zeros).any() == bool(more)


@pytest.mark.parametrize("column", [0, SHAPE[1] - 1])
def test_the_sides_are_edges_too(mask, column):
    zeros = zeros_at(np.s_[20 : 20 + EDGE_PIXELS, column])
    np.testing.assert_array_equal(mask(zeros), zeros)


def test_corners_do_not_connect(mask):
    diagonal = zeros_at()
    np.fill_diagonal(diagonal, True)
    assert not mask(diagonal).any()


def by_definition(zeros):
    """Return the mask, from the labels of the whole image at once."""
    labels, n = ndimage.label(zeros)
    size = np.bincount(labels.ravel(), minlength=n + 1)
    edge = np.zeros(n + 1, dtype=bool)
    for side in (labels[0], labels[-1], labels[:, 0], labels[:, -1]):
        edge[side] = True
    kept = (size >= HOLE_PIXELS) | (edge & (size >= EDGE_PIXELS))
    kept[0] = False
    return kept[labels]


@pytest.mark.parametrize("height", [1, 2, 7, 60, 61, 100])
def test_areas_across_strips_are_one(mask, height):
    # Noise with areas of all sizes that wind through many strips.
    noise = np.random.default_rng(3).random(SHAPE)
    zeros = ndimage.uniform_filter(noise, 3) < 0.49
    want = by_definition(zeros)
    assert 0 < want.sum() < zeros.sum()
    np.testing.assert_array_equal(mask(zeros, height=height), want)


def test_a_ring_meets_itself_below(mask):
    """Two branches join only in the last strip."""
    ring = zeros_at(np.s_[10:40, 20], np.s_[10:40, 60], np.s_[39, 20:62])
    assert ring.sum() >= HOLE_PIXELS
    np.testing.assert_array_equal(mask(ring, height=5), ring)


def test_some_rows(tmp_path):
    zeros = zeros_at(np.s_[10:30, :])
    fits.writeto(tmp_path / "image.fits", (~zeros).astype(np.float32))
    with read_image(tmp_path / "image.fits") as image:
        blank = find_blank(image, height=8)
    for y0, y1 in [(0, 0), (0, 61), (7, 9), (8, 16), (9, 33), (60, 61)]:
        np.testing.assert_array_equal(blank.rows(y0, y1), zeros[y0:y1])


def test_noise_of_whole_numbers_holds_data(mask):
    counts = np.random.default_rng(8).poisson(1.4, SHAPE)  # a quarter of them 0
    assert not mask(counts == 0, dtype=np.int16).any()
