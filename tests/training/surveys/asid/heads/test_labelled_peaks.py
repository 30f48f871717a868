"""The detector's peaks are labelled with the sources that are there."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from amphitrite.surveys.asid.bands import BANDS
from amphitrite.surveys.asid.prepare.patches import from_pixels
from amphitrite_training.surveys.asid.heads import labelled_peaks
from amphitrite_training.surveys.asid.heads.labelled_peaks import (
    LabelledPeaks,
    identify,
)
from amphitrite_training.surveys.asid.simulate import instrument
from amphitrite_training.surveys.asid.simulate.sky import Expected, relative_exposure


def known(x, y, flux):
    x, y, flux = (np.array(a, float) for a in (x, y, flux))
    return Expected((), x, y, flux, np.zeros((len(x), 5)), np.arange(len(x)))


def test_a_peak_is_its_source_and_the_way_there_is_told_as_the_image_runs():
    # x falls with the column: a source at smaller x is at a larger column
    flux, offset = identify(
        np.array([1.0]), np.array([2.0]), known([0.9], [2.05], [1e-9])
    )
    assert flux[0] == pytest.approx(1e-9)
    np.testing.assert_allclose(offset[0], [0.1, 0.05], atol=1e-6)
    row, column = (2.0 + 5) * 12.8 - 0.5, (5 - 1.0) * 12.8 - 0.5
    pixel = 10 / 128
    x, y = from_pixels(
        row + offset[0, 1] / pixel, column + offset[0, 0] / pixel, pixels=128
    )
    np.testing.assert_allclose([x, y], [0.9, 2.05], atol=1e-6)


def test_the_brightest_source_takes_the_nearest_peak_and_none_is_taken_twice():
    there = known([0.0, 0.1, 3.0], [0.0, 0.0, 0.0], [1e-10, 5e-9, 1e-9])
    flux, offset = identify(np.array([0.05, 2.6]), np.zeros(2), there)
    # the third is 0.4 deg from any peak
    np.testing.assert_allclose(flux, [5e-9, np.nan])
    np.testing.assert_allclose(offset[0], [-0.05, 0.0], atol=1e-6)
    assert np.isnan(offset[1]).all()


def test_what_is_too_faint_to_count_makes_no_peak_real():
    flux, _ = identify(np.zeros(1), np.zeros(1), known([0.0], [0.0], [6e-11]))
    assert np.isnan(flux).all()


def test_no_peak_has_no_source():
    flux, offset = identify(np.zeros(0), np.zeros(0), known([0.0], [0.0], [1e-9]))
    assert flux.shape == (0,)
    assert offset.shape == (0, 2)


def test_sets_are_joined_and_parted(made_up):
    one, two = made_up(7), made_up(4, seed=2)
    both = LabelledPeaks.joined([one, two])
    assert len(both) == 11
    np.testing.assert_array_equal(both.where(np.arange(7, 11)).cutouts, two.cutouts)
    assert both.is_real.sum() == one.is_real.sum() + two.is_real.sum()
    assert both.where(~both.is_real).flux.size == (~both.is_real).sum()


@pytest.fixture(scope="module")
def searched(sky, sources):
    """Search three patches of a sky with two lone bright sources on each."""
    pytest.importorskip("onnxruntime", reason="needs the export extra")
    from amphitrite.surveys.asid.prepare.patches import angles
    from amphitrite_training.surveys.asid.data import patches
    from amphitrite_training.surveys.asid.heads.published import published

    places = [(-2.03, 1.51), (2.52, -3.04)]
    chosen = patches()[::256]
    lon, lat = zip(
        *(
            angles(patch.vectors(*(np.array([c]) for c in place)))
            for patch in chosen
            for place in places
        ),
        strict=True,
    )
    lon, lat = np.concatenate(lon), np.concatenate(lat)
    lone = replace(sky, population=sources(lon, lat, np.full(len(lon), 2e-8)))
    detector = published()
    return chosen, lambda **options: labelled_peaks.search(
        lone,
        7,
        file=detector.file,
        detector=detector.detector,
        every=256,
        **options,
    )


@pytest.mark.export
def test_bright_sources_are_found_and_named(searched):
    _, search = searched
    found = search()
    real = found.where(found.is_real)
    assert len(real) == 6
    assert real.is_detection.all()
    np.testing.assert_allclose(real.flux, 2e-8, rtol=1e-6)
    # peaks are good to about half a pixel of the mask
    assert np.abs(real.offset).max() < 0.06
    assert sorted(set(real.block)) == [7_000, 7_256, 7_512]


@pytest.mark.export
def test_the_brightest_pixels_are_about_the_peak(searched):
    _, search = searched
    found = search()
    real = found.where(found.is_real)
    for image in real.cutouts[..., 1]:
        row, column = np.unravel_index(image.argmax(), image.shape)
        assert abs(row - 10) <= 2
        assert abs(column - 10) <= 2


@pytest.mark.export
def test_the_exposure_is_that_of_the_patch(searched):
    chosen, search = searched
    found = search()
    for number, patch in zip((0, 256, 512), chosen, strict=True):
        here = found.exposure[found.block == 7_000 + number]
        mean = [instrument.band_exposure(band, years=11.0) for band in BANDS]
        expected = np.array(mean) * relative_exposure(patch)
        np.testing.assert_allclose(here[0], expected, rtol=1e-6)


@pytest.mark.export
def test_the_same_seed_finds_the_same(searched):
    _, search = searched
    one, two = search(n_draws=2, varied=True), search(n_draws=2, varied=True)
    np.testing.assert_array_equal(one.cutouts, two.cutouts)
    np.testing.assert_array_equal(one.auxiliary, two.auxiliary)


@pytest.mark.export
def test_draws_differ_and_only_every_second_is_varied(searched):
    _, search = searched
    once, often = search(), search(n_draws=2, varied=True)
    assert len(often) > len(once)
    whole = np.isin(often.exposure[:, 0], once.exposure[:, 0])
    assert 0 < whole.sum() < len(often)
    plain = search(n_draws=2)
    assert np.isin(plain.exposure[:, 0], once.exposure[:, 0]).all()
