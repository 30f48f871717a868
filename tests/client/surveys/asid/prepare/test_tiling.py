"""Patches cover the sky; every photon lands in the right pixel of each of them."""

import numpy as np
import pytest
from astropy_healpix import healpy

from amphitrite.errors import BadInput
from amphitrite.surveys.asid.bands import BANDS
from amphitrite.surveys.asid.prepare.patches import (
    Patch,
    depth,
    from_pixels,
    to_pixels,
    unit_vectors,
)
from amphitrite.surveys.asid.prepare.photons import Photons
from amphitrite.surveys.asid.prepare.tiling import LEAST_DEPTH, Tiles, centres, deepest


class Everywhere:
    def contains(self, vectors):
        return np.ones(vectors.shape[:-1], bool)


def random_directions(n, seed):
    vectors = np.random.default_rng(seed).normal(size=(n, 3))
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def photons(vectors, bands, *, coverage=None):
    return Photons(
        np.asarray(vectors, np.float32),
        np.asarray(bands, np.uint8),
        dict.fromkeys(BANDS, 1.0) if coverage is None else coverage,
        Everywhere(),
    )


@pytest.fixture(scope="module")
def sky():
    n = 60_000
    bands = np.random.default_rng(2).integers(0, 5, n)
    return photons(random_directions(n, 1), bands)


def test_the_first_centres_are_those_of_healpix():
    lon, lat = healpy.pix2ang(8, np.arange(768), lonlat=True)
    first = centres()[:768]
    np.testing.assert_array_equal([p.lon for p in first], lon)
    np.testing.assert_array_equal([p.lat for p in first], lat)
    assert len(set(centres())) == len(centres()) == 1210


def test_every_direction_is_well_inside_a_patch():
    vectors = random_directions(100_000, 3)
    assert deepest(vectors, centres()).min() >= LEAST_DEPTH


@pytest.mark.slow
def test_the_shallowest_places_are_well_inside_a_patch():
    # A grid of 0.11 deg resolves slivers that random directions could jump over; the
    # HEALPix centres repeat after 90 deg and are the same in the south.
    lon, lat = healpy.pix2ang(512, np.arange(12 * 512**2), lonlat=True)
    quadrant = (lon < 90) & (lat >= 0)
    vectors = unit_vectors(lon[quadrant], lat[quadrant])
    assert deepest(vectors, centres()).min() >= LEAST_DEPTH


def test_the_paper_s_tiling_alone_misses_the_pole_and_slivers():
    pole = unit_vectors(np.array([0.0, 5.6]), np.array([90.0, 24.6]))
    assert (deepest(pole, centres()[:768]) < 0).all()
    assert (deepest(pole, centres()) > LEAST_DEPTH).all()


def test_depth_is_that_of_the_deepest_patch():
    vectors = random_directions(300, 4)
    patches = centres()[100:140]
    expected = np.max([depth(*patch.offsets(vectors)) for patch in patches], axis=0)
    found = deepest(vectors, patches)
    inside = expected > 0
    assert inside.sum() > 5
    np.testing.assert_allclose(found[inside], expected[inside])
    assert (found[~inside] <= 0).all()


@pytest.mark.parametrize("number", [0, 17, 384, 767, 768, 900, 1209])
def test_counts_are_those_of_every_photon_by_itself(sky, number):
    patch = centres()[number]
    counts = Tiles(sky).counts(patch)
    x, y = patch.offsets(sky.vectors)
    assert list(counts) == [f"counts_{band.name}" for band in BANDS]
    for index, band in enumerate(BANDS):
        expected = np.zeros((band.pixels, band.pixels), np.float32)
        mine = (sky.bands == index) & (np.abs(x) < 5) & (np.abs(y) < 5)
        row, column = to_pixels(x[mine], y[mine], pixels=band.pixels)
        whole = np.round(row).astype(int), np.round(column).astype(int)
        np.add.at(expected, whole, 1)
        found = counts[f"counts_{band.name}"]
        assert found.dtype == np.float32
        assert mine.sum() > 5
        # In 32 bits a photon within 1e-5 of a pixel's edge may be on either side of
        # it, depending on how the same number was reached.
        assert np.abs(found - expected).sum() <= 2
        assert found.sum() == mine.sum()


def test_a_photon_lands_in_the_same_place_in_every_band():
    patch = Patch(123.0, -47.0)
    x, y = np.full(5, 3.21), np.full(5, -1.37)
    tiles = Tiles(photons(patch.vectors(x, y), range(5)))
    for band in BANDS:
        ((row,), (column,)) = np.nonzero(tiles.counts(patch)[f"counts_{band.name}"])
        back = from_pixels(row, column, pixels=band.pixels)
        assert np.abs(back - np.array([3.21, -1.37])).max() <= 5.0 / band.pixels


def test_a_photon_in_an_overlap_is_in_both_patches():
    one, other = Patch(0.0, 0.0), Patch(7.0, 0.0)
    tiles = Tiles(photons(unit_vectors(np.array([3.5]), np.array([0.0])), [1]))
    for patch in (one, other):
        assert tiles.counts(patch)["counts_2000_7000"].sum() == 1


def test_a_missing_band_is_all_zero(sky):
    kept = {BANDS[1]: 1.0}
    tiles = Tiles(photons(sky.vectors, sky.bands, coverage=kept))
    counts = tiles.counts(centres()[40])
    assert len(tiles) == (sky.bands == 1).sum()
    assert [bool(image.any()) for image in counts.values()] == [0, 1, 0, 0, 0]


def test_only_patches_with_photons_are_occupied():
    patches = centres()
    direction = unit_vectors(np.array([60.0]), np.array([10.0]))
    tiles = Tiles(photons(direction, [0]))
    holding = [n for n, p in enumerate(patches) if depth(*p.offsets(direction))[0] > 0]
    occupied = tiles.occupied(patches)
    assert set(holding) <= set(occupied)
    # none whose nearest edge is farther than the two reaches of a cell
    far = [n for n, p in enumerate(patches) if depth(*p.offsets(direction))[0] < -2.0]
    assert not set(far) & set(occupied)


def test_no_photon_at_all():
    tiles = Tiles(photons(np.zeros((0, 3)), []))
    assert len(tiles) == 0
    assert tiles.occupied(centres()) == []
    assert not any(image.any() for image in tiles.counts(centres()[3]).values())


def test_a_direction_that_is_nan_is_refused():
    with pytest.raises(BadInput, match=r"received 1 that are NaN.*remove them"):
        Tiles(photons([[1, 0, 0], [np.nan, 0, 0]], [0, 0]))


@pytest.mark.parametrize("corner", [(5.0, 5.0), (-5.0, -5.0), (5.0, -5.0)])
def test_photons_at_the_corners_of_a_patch_are_counted_or_outside(corner):
    patch = Patch(200.0, 60.0)
    inwards = np.array([1 - 1e-9, 1 - 1e-5, 1 + 1e-5])
    x, y = (c * inwards for c in corner)
    tiles = Tiles(photons(patch.vectors(x, y), [0, 0, 0]))
    assert tiles.counts(patch)["counts_7000_20000"].sum() in (1, 2)
