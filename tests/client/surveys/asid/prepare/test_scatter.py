"""Counts become as many photons, in the right pixel and band."""

from pathlib import Path

import numpy as np
import pytest

from amphitrite.errors import BadInput
from amphitrite.surveys.asid.bands import BANDS
from amphitrite.surveys.asid.prepare import scatter
from amphitrite.surveys.asid.prepare.coverage import Channel
from amphitrite.surveys.asid.prepare.footprints import WholeSky
from amphitrite.surveys.asid.prepare.scatter import (
    Plane,
    check_plane,
    check_unit,
    photons_of,
)

PATH = Path("cube.fits")
LOW, HIGH, ABOVE = Channel(1000, 2000), Channel(2000, 7000), Channel(20_000, 50_000)


def plane(**counts):
    """Return a plane, given as p3=2 for two counts in pixel 3."""
    pixels = [int(name[1:]) for name in counts]
    return Plane(np.array(pixels), np.array(list(counts.values())))


def at_pixels(pixels, random):
    """Return vectors that hold the number of their pixel."""
    return np.stack([pixels, pixels, pixels], axis=-1)


def photons(planes, channels, *, place=at_pixels, seed=1):
    return photons_of(
        *(planes, channels),
        place=place,
        footprint=WholeSky(),
        pixel_degrees=0.25,
        seed=seed,
        path=PATH,
    )


@pytest.mark.parametrize(
    "unit", [None, "", "counts", " CTS ", "photon", "count / pixel", "ct pix-1", "1"]
)
def test_counts_have_many_names(unit):
    check_unit(unit, path=PATH)


@pytest.mark.parametrize("unit", ["ph cm-2 s-1", "cm2 s", "counts/s", "pixel", "Jy"])
def test_other_units_than_counts_are_refused(unit):
    with pytest.raises(BadInput, match=r"cube\.fits is not a map of counts: received"):
        check_unit(unit, path=PATH)


def test_a_plane_holds_the_pixels_with_counts_and_the_sky_those_that_are_numbers():
    found, sky = check_plane(np.array([0, 2, np.nan, 3]), None, channel=1, path=PATH)
    assert (found.pixels.tolist(), found.counts.tolist()) == ([1, 3], [2, 3])
    assert found.counts.dtype == np.int64
    assert sky.tolist() == [True, True, False, True]


def test_a_plane_of_nothing_has_no_pixel():
    found, sky = check_plane(np.full(3, np.nan), None, channel=1, path=PATH)
    assert len(found.pixels) == len(found.counts) == 0
    assert not sky.any()


@pytest.mark.parametrize(
    ("counts", "message"),
    [
        ([-1.0, 1, -2], "2 counts in channel 7 of cube.fits are negative: received -1"),
        ([np.inf, 1, 2], "1 counts in channel 7 of cube.fits are infinite"),
        ([0.5, 1, 2], "are not whole numbers: received 0.5"),
        ([6e8, 1, 2], "too many counts: received 6e[+]08"),
    ],
)
def test_what_cannot_be_counts_is_refused(counts, message):
    with pytest.raises(BadInput, match=message):
        check_plane(np.array(counts), None, channel=7, path=PATH)


def test_pixels_that_are_nan_in_some_channels_only_are_refused():
    sky = np.array([True, True, False])
    same, _ = check_plane(np.array([1, 0, np.nan]), sky, channel=2, path=PATH)
    assert same.pixels.tolist() == [0]
    with pytest.raises(BadInput, match=r"2 pixels .* \(first seen in channel 2\)"):
        check_plane(np.array([1, np.nan, 0]), sky, channel=2, path=PATH)


def test_a_pixel_gives_as_many_photons_as_it_has_counts():
    found = photons([plane(p2=3, p5=1), plane(p4=2)], [LOW, HIGH])
    assert found.vectors[:, 0].tolist() == [2, 2, 2, 5, 4, 4]
    assert [BANDS[index].low for index in found.bands] == [1000] * 4 + [2000] * 2
    assert (found.n_outside, found.pixel_degrees) == (0, 0.25)
    assert set(found.coverage) == {BANDS[1], BANDS[2]}


def test_counts_of_no_usable_band_are_counted_alone():
    narrow = Channel(500, 510)  # a twentieth of the photons of its band
    found = photons([plane(p1=7), plane(p2=3), plane(p3=2)], [ABOVE, LOW, narrow])
    assert found.vectors[:, 0].tolist() == [2, 2, 2]
    assert found.n_outside == 9


def test_no_usable_band_is_refused():
    with pytest.raises(BadInput, match="no energy band can be used"):
        photons([plane(p1=1)], [ABOVE])


def test_a_channel_without_counts_gives_no_photon():
    found = photons([plane(), plane(p1=1)], [LOW, HIGH])
    assert found.bands.tolist() == [
        BANDS.index(next(b for b in BANDS if b.low == 2000))
    ]


@pytest.mark.parametrize("chunk", [1, 2, 3, 5, 6])
def test_photons_come_some_at_a_time_and_none_is_lost(monkeypatch, chunk):
    monkeypatch.setattr(scatter, "_CHUNK", chunk)
    sizes = []

    def place(pixels, random):
        sizes.append(len(pixels))
        return at_pixels(pixels, random)

    found = photons([plane(p2=3, p5=1, p9=2)], [LOW], place=place)
    assert found.vectors[:, 0].tolist() == [2, 2, 2, 5, 9, 9]
    assert max(sizes) <= chunk


def test_a_file_always_gives_the_same_photons():
    def place(pixels, random):
        return random.random((len(pixels), 3))

    one, same, other = (
        photons([plane(p0=9)], [LOW], place=place, seed=seed).vectors
        for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(one, same)
    assert not np.any(one == other)
    assert len(np.unique(one)) == one.size


def test_more_counts_than_fit_in_memory_are_refused(monkeypatch):
    monkeypatch.setattr(scatter, "MOST_COUNTS", 5)
    assert len(photons([plane(p1=2, p2=3)], [LOW])) == 5
    with pytest.raises(BadInput, match="too many counts: received 6, the limit is 5"):
        photons([plane(p1=3), plane(p1=3)], [LOW, HIGH])
