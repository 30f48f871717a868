"""Peaks are where blobs are, each source is listed once, cut-outs are in place."""

import numpy as np
import pytest
from skimage.feature import blob_log

from amphitrite.errors import BadInput
from amphitrite.surveys.asid.bands import BANDS, CUTOUT_BANDS
from amphitrite.surveys.asid.interpret.peaks import (
    auxiliary,
    cutouts,
    find,
    response,
    suppress,
)
from amphitrite.surveys.asid.page import CUTOUT_PIXELS
from amphitrite.surveys.asid.prepare.patches import Patch, to_pixels, unit_vectors
from amphitrite.surveys.asid.prepare.photons import Photons
from amphitrite.surveys.asid.prepare.tiling import Tiles

SIGMA = 4.0


def blobs(where, *, shape=(128, 128), radius=8.0):
    """A mask of paraboloids, which is how closeness to a source is drawn."""
    y, x = np.mgrid[: shape[0], : shape[1]]
    mask = np.zeros(shape)
    for row, column in where:
        squared = (y - row) ** 2 + (x - column) ** 2
        mask = np.maximum(mask, np.clip(1 - squared / radius**2, 0, 1))
    return mask


def noisy_mask(seed):
    rng = np.random.default_rng(seed)
    mask = blobs(rng.uniform(0, 127, (12, 2))) + rng.normal(0, 0.05, (128, 128))
    return mask.clip(0, 1).astype(np.float32)


@pytest.mark.parametrize("seed", range(5))
def test_peaks_are_those_of_scikit_image(seed):
    mask = noisy_mask(seed)
    peaks = find(mask, sigma=SIGMA, floor=0.05)
    # An overlap of 1 leaves out scikit-image's pruning; it gives whole pixels.
    expected = blob_log(
        *(mask.astype(np.float64), SIGMA, SIGMA, 1, 0.05, 1.0), exclude_border=False
    )
    whole = np.round(np.column_stack([peaks.row, peaks.column]))
    assert len(expected) > 5
    near = np.abs(whole[:, None] - expected[None, :, :2]).max(axis=-1) <= 0.5
    # The fraction of a pixel is at most one half, which may round to either side.
    assert len(peaks) == len(expected)
    close = near | (
        np.abs(
            np.column_stack([peaks.row, peaks.column])[:, None] - expected[None, :, :2]
        ).max(axis=-1)
        <= 0.5
    )
    assert (close.sum(axis=0) == 1).all()


def test_the_fraction_of_a_pixel_is_found():
    rng = np.random.default_rng(7)
    for row, column in rng.uniform(30, 90, (20, 2)):
        peaks = find(blobs([(row, column)]), sigma=SIGMA, floor=0.3)
        assert len(peaks) == 1
        # a blob 8 px in radius and drawn in whole pixels is centred to a tenth of one
        assert abs(peaks.row[0] - row) < 0.1
        assert abs(peaks.column[0] - column) < 0.1
    assert peaks.row.dtype == peaks.column.dtype == peaks.score.dtype == np.float32


def test_the_score_is_the_response_and_falls():
    mask = noisy_mask(11)
    peaks = find(mask, sigma=SIGMA, floor=0.02)
    height = response(mask, sigma=SIGMA)
    at = np.round(peaks.row).astype(int), np.round(peaks.column).astype(int)
    assert (np.diff(peaks.score) <= 0).all()
    assert (peaks.score > 0.02).all()
    # the fraction is at most half a pixel, so that the rounded place is the peak's
    np.testing.assert_allclose(height[at], peaks.score, rtol=0.05)
    assert peaks.score[0] == pytest.approx(height.max())


def test_the_response_is_largest_for_a_blob_of_its_own_size():
    # A Gaussian of width s answers s^2 * 2 / (2 s)^2 = 1/2 to its own scale.
    y, x = np.mgrid[-60:61, -60:61]
    blob = np.exp(-(x**2 + y**2) / (2 * SIGMA**2))
    own, smaller, larger = (
        response(blob, sigma=SIGMA * f)[60, 60] for f in (1, 0.7, 1.4)
    )
    assert own == pytest.approx(0.5, abs=1e-3)  # the kernel is cut at 4 sigma
    assert own > max(smaller, larger)


@pytest.mark.parametrize("row", [0, 127])
def test_a_peak_on_the_border_keeps_its_whole_pixel(row):
    peaks = find(blobs([(row, 40.3)]), sigma=SIGMA, floor=0.1)
    assert peaks.row.tolist() == [row]
    assert peaks.column[0] == pytest.approx(40.3, abs=0.1)


@pytest.mark.parametrize("value", [0.0, 0.5, 1.0])
def test_a_flat_mask_has_no_peak(value):
    # The kernel, cut at 4 sigma, sums to -0.0013 instead of 0.
    assert len(find(np.full((128, 128), value), sigma=SIGMA, floor=0.002)) == 0


def test_close_peaks_are_all_found():
    assert len(find(blobs([(60, 50), (60, 66)]), sigma=SIGMA, floor=0.1)) == 2


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_mask_that_is_not_finite_is_refused(value):
    mask = noisy_mask(1)
    mask[3, 4] = value
    with pytest.raises(BadInput, match="must be finite; received 1 NaN"):
        find(mask, sigma=SIGMA, floor=0.1)


def greedy(vectors, scores, radius):
    """The plain way: the best first, whatever is near it goes."""
    kept = []
    for i in np.lexsort((*-vectors.T, -scores)):
        separations = [np.arccos(np.clip(vectors[i] @ vectors[k], -1, 1)) for k in kept]
        if not separations or min(separations) > np.radians(radius):
            kept.append(i)
    return kept


@pytest.mark.parametrize("seed", range(5))
def test_suppression_is_the_plain_greedy_one(seed):
    rng = np.random.default_rng(seed)
    lon, lat = rng.uniform(0, 6, 300), rng.uniform(84, 90, 300)
    vectors, scores = unit_vectors(lon * 60, lat), rng.integers(1, 9, 300) / 8
    kept = suppress(vectors, scores, radius_degrees=0.5)
    assert kept.tolist() == greedy(vectors, scores, 0.5)
    assert 20 < len(kept) < 300


def test_suppression_does_not_depend_on_the_order():
    rng = np.random.default_rng(8)
    vectors = unit_vectors(rng.uniform(0, 10, 400), rng.uniform(-5, 5, 400))
    scores = rng.integers(1, 4, 400).astype(float)
    kept = vectors[suppress(vectors, scores, radius_degrees=0.7)]
    shuffled = rng.permutation(400)
    again = suppress(vectors[shuffled], scores[shuffled], radius_degrees=0.7)
    np.testing.assert_array_equal(vectors[shuffled][again], kept)


def test_a_dropped_detection_drops_nothing_itself():
    vectors = unit_vectors(np.array([0.0, 0.3, 0.6]), np.zeros(3))
    kept = suppress(vectors, np.array([3.0, 2.0, 1.0]), radius_degrees=0.4)
    assert kept.tolist() == [0, 2]


def test_nothing_is_suppressed_among_nothing():
    assert suppress(np.zeros((0, 3)), np.zeros(0), radius_degrees=0.3).size == 0


def test_detections_that_are_not_finite_are_refused():
    with pytest.raises(BadInput, match="must be finite"):
        suppress(np.eye(3), np.array([1, np.nan, 1]), radius_degrees=0.3)


def test_a_photon_in_each_band_is_at_the_same_place_of_each_cutout():
    patch = Patch(30.0, 50.0)
    rng = np.random.default_rng(5)
    for x, y in rng.uniform(-4.9, 4.9, (50, 2)):
        photon = np.repeat(patch.vectors(x, y)[None], 3, axis=0).astype(np.float32)
        coverage = dict.fromkeys(BANDS, 1.0)
        photons = Photons(photon, np.arange(3, dtype=np.uint8), coverage, None)
        row, column = to_pixels(np.array([x]), np.array([y]), pixels=128)
        cut = cutouts(
            Tiles(photons).counts(patch),
            *(row, column),
            bands=CUTOUT_BANDS,
            pixels=CUTOUT_PIXELS,
        )
        assert cut.shape == (1, 20, 20, 3)
        found = [np.argwhere(cut[0, :, :, band]).tolist() for band in range(3)]
        # The window begins 10 pixels before the pixel that holds the peak.
        assert found == [[[10, 10]]] * 3


def test_a_cutout_is_zero_outside_the_patch():
    rng = np.random.default_rng(6)
    counts = {
        f"counts_{band.name}": rng.poisson(3, (band.pixels,) * 2) + 1 for band in BANDS
    }
    cut = cutouts(
        counts,
        np.array([0.0, 127.0]),
        np.array([0.0, 64.2]),
        bands=CUTOUT_BANDS,
        pixels=CUTOUT_PIXELS,
    )
    assert cut.dtype == np.float32
    finest = counts["counts_7000_20000"]
    assert not cut[0, :9].any()
    assert not cut[0, :, :9].any()
    np.testing.assert_array_equal(cut[0, 9:, 9:, 0], finest[:11, :11])
    # row 127.5 is pixel 255 of 256, column 64.7 is pixel 129
    np.testing.assert_array_equal(cut[1, :11, :, 0], finest[245:, 119:139])
    assert not cut[1, 11:, :, 0].any()


def test_a_peak_exceeds_the_floor():
    mask = np.zeros((64, 64))
    mask[30, 40] = 1.0
    (score,) = find(mask, sigma=3.0, floor=0.01).score
    height = float(response(mask, sigma=3.0).max())
    assert score == np.float32(height)
    assert len(find(mask, sigma=3.0, floor=height)) == 0
    assert len(find(mask, sigma=3.0, floor=np.nextafter(height, 0))) == 1


@pytest.mark.parametrize("row", [9, 10, 11])
@pytest.mark.parametrize("column", [9, 10, 11])
def test_the_brightest_of_the_nine_pixels_around_a_peak_is_told(row, column):
    cut = np.zeros((1, 20, 20, 3), np.float32)
    cut[0, row, column, 1] = 99.0
    # neither a pixel farther off nor another band counts
    cut[0, 8, 10, 1] = cut[0, 10, 12, 1] = cut[0, 10, 10, 2] = 300.0
    place = np.array([4.25]), np.array([7.75])
    (told,) = auxiliary(cut, *place, np.array([0.5]), peak_band=1)
    np.testing.assert_allclose(told, [3.0, 2.0, 0.25, -0.25, 0.5], atol=1e-6)
