"""Expected counts: the right number, at the right place, the same from anywhere."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.ndimage import map_coordinates

from amphitrite.surveys.asid.bands import BANDS
from amphitrite.surveys.asid.page import HALF
from amphitrite.surveys.asid.prepare.patches import (
    Patch,
    angles,
    from_pixels,
    to_pixels,
)
from amphitrite_training.surveys.asid.simulate import instrument
from amphitrite_training.surveys.asid.simulate.population import ENERGIES
from amphitrite_training.surveys.asid.simulate.sky import expect, make_sky

PATCH = Patch(72.0, 38.0)


@pytest.fixture(scope="module")
def expected(sky):
    return expect(sky, PATCH)


def only(sky, population):
    return replace(sky, population=population)


def light_of(sky, population, patch):
    """Expected counts of sources alone, per band, float64."""
    with_them = expect(only(sky, population), patch).counts
    dark = replace(
        population, flux=population.flux * 1e-9, spectra=population.spectra * 1e-9
    )
    without = expect(only(sky, dark), patch).counts
    return [
        a.astype(float) - b.astype(float)
        for a, b in zip(with_them, without, strict=True)
    ]


def centroid(image, *, pixels, start, width=0.6):
    """Return x, y of a symmetric source: the fixed point of a weighted mean.

    A plain mean would be drawn to the middle of the patch by the wings cut off.
    """
    row, column = np.mgrid[:pixels, :pixels]
    x, y = from_pixels(row, column, pixels=pixels)
    at = start
    for _ in range(60):
        weight = image * np.exp(-((x - at[0]) ** 2 + (y - at[1]) ** 2) / (2 * width**2))
        at = (weight * x).sum() / weight.sum(), (weight * y).sum() / weight.sum()
    return at


def test_images_have_the_contract_s_shapes(expected):
    for image, band in zip(expected.counts, BANDS, strict=True):
        assert image.shape == (band.pixels, band.pixels)
        assert image.dtype == np.float32
        assert (image > 0).all()


@pytest.mark.parametrize("place", [(1.73, -2.31), (-2.2, 1.04), (0.31, 0.77)])
def test_a_bright_source_is_where_the_truth_says_in_every_band(sky, sources, place):
    lon, lat = angles(PATCH.vectors(*np.array(place)))
    images = light_of(sky, sources(lon, lat, 1e-6), PATCH)
    for image, band in zip(images, BANDS, strict=True):
        found = centroid(image, pixels=band.pixels, start=(0.0, 0.0))
        at = to_pixels(*(np.array(c) for c in found), pixels=band.pixels)
        truth = to_pixels(*(np.array(c) for c in place), pixels=band.pixels)
        # A source's light is shared between four pixels, whose mean is its place; the
        # weight is not the same across a coarse pixel.
        np.testing.assert_allclose(at, truth, atol=0.1)


def test_longitude_falls_along_a_row_and_latitude_rises_down_the_rows(sky, sources):
    lon, lat = angles(PATCH.vectors(np.array(3.0), np.array(0.0)))
    image = light_of(sky, sources(lon, lat, 1e-6), PATCH)[1]
    row, column = np.unravel_index(image.argmax(), image.shape)
    assert lon > PATCH.lon
    assert column < 32 < row < 96
    image = light_of(sky, sources(PATCH.lon, PATCH.lat + 3, 1e-6), PATCH)[1]
    row, column = np.unravel_index(image.argmax(), image.shape)
    assert row > 96 > column > 32


def test_a_source_has_all_its_photons_in_the_image(sky, sources):
    population = sources(PATCH.lon, PATCH.lat, 1e-6)
    one = only(sky, population)
    images = light_of(sky, population, PATCH)
    for number, (image, band) in enumerate(zip(images, BANDS, strict=True)):
        inside = sum(
            weight
            * part
            * instrument.contained(
                np.array(HALF),
                float(instrument.king_sigma(energy, np.array(kind))),
            )
            for energy, weight in zip(*instrument._weights(band), strict=True)
            for kind, part in enumerate(instrument.ALL_TYPES)
        )
        share = image.sum() / (
            one.counts[0, number]
            * instrument.relative_exposure(np.array(dec_of(PATCH)))
        )
        # the square holds more than the circle within it, and the field gives back
        # what is beyond it: a few per cent of the softest photons
        assert inside - 0.005 < share < 1.001


def dec_of(patch):
    from astropy.coordinates import SkyCoord

    return SkyCoord(patch.lon, patch.lat, unit="deg", frame="galactic").icrs.dec.deg


def test_twice_the_years_give_twice_the_counts(sky, expected):
    twice = expect(replace(sky, years=2 * sky.years), PATCH)
    for one, two in zip(expected.counts, twice.counts, strict=True):
        np.testing.assert_allclose(two, 2 * one, rtol=1e-3, atol=1e-5)
    np.testing.assert_allclose(
        twice.test_statistic, 2 * expected.test_statistic, rtol=1e-5
    )


def test_overlapping_patches_expect_the_same(sky):
    one, two = Patch(150.0, 40.0), Patch(153.0, 41.5)
    band = BANDS[2]
    x, y = np.meshgrid(np.linspace(-2, 2, 21), np.linspace(-2, 2, 21))
    there = two.offsets(one.vectors(x, y))
    images = []
    for patch, place in ((one, (x, y)), (two, there)):
        seen = expect(sky, patch).counts[2] / instrument.relative_exposure(
            np.array(dec_of(patch))
        )
        images.append(
            map_coordinates(seen, to_pixels(*place, pixels=band.pixels), order=3)
        )
    # 0.16 deg pixels, interpolated where a bright source falls off
    np.testing.assert_allclose(images[0], images[1], rtol=0.03)


def test_the_sources_of_a_patch_are_the_sky_s(sky, expected):
    vectors = sky.vectors[expected.source]
    x, y = PATCH.offsets(vectors)
    np.testing.assert_array_equal(x, expected.x)
    np.testing.assert_array_equal(y, expected.y)
    np.testing.assert_array_equal(sky.population.flux[expected.source], expected.flux)
    assert np.maximum(np.abs(x), np.abs(y)).max() < HALF + 0.7
    all_x, all_y = PATCH.offsets(sky.vectors)
    close = np.maximum(np.abs(all_x), np.abs(all_y)) < HALF + 0.7
    np.testing.assert_array_equal(np.flatnonzero(close), np.sort(expected.source))


def test_the_test_statistic_is_that_of_the_counts_in_the_image(sky, sources):
    population = sources(PATCH.lon, PATCH.lat, 5e-9)
    found = expect(only(sky, population), PATCH)
    signal = light_of(sky, population, PATCH)
    for number, band in enumerate(BANDS[:3]):
        row, column = np.mgrid[: band.pixels, : band.pixels]
        x, y = from_pixels(row, column, pixels=band.pixels)
        inner = np.hypot(x, y) < instrument.r68(band)
        s = signal[number][inner].sum()
        total = found.counts[number][inner].sum()
        direct = 2 * (total * np.log(total / (total - s)) - s)
        # the aperture of whole pixels is not quite a circle, and holds not quite 68 %
        assert found.test_statistic[0, number] == pytest.approx(direct, rel=0.1)


def test_sharper_photons_are_as_many(sky, expected):
    sharp = expect(sky, PATCH, event_types=(0.0, 0.0, 0.0, 1.0))
    for one, two in zip(expected.counts, sharp.counts, strict=True):
        # light that comes in over the patch's edge is not quite what goes out
        assert two.sum() == pytest.approx(one.sum(), rel=0.02)
    assert sharp.counts[0].max() > expected.counts[0].max()


def test_the_same_seed_makes_the_same_sky(sky, expected):
    again = expect(make_sky(7, variant="A"), PATCH)
    for one, two in zip(expected.counts, again.counts, strict=True):
        np.testing.assert_array_equal(one, two)
    assert len(make_sky(8).population) != len(sky.population)


def test_a_sky_can_have_given_sources(sources):
    given = sources([10.0, 20.0], [5.0, -5.0], [1e-9, 2e-9])
    made = make_sky(3, population=given)
    assert made.population is given
    assert made.counts.shape == (2, len(BANDS))
    # E^-2.4 and the same exposure for both
    np.testing.assert_allclose(made.counts[1], 2 * made.counts[0])
    assert given.spectra.shape == (2, len(ENERGIES))
