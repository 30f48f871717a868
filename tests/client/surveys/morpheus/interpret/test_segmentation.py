import tracemalloc

import numpy as np
import pytest
from astropy.io import fits
from scipy import ndimage
from skimage.filters import sobel
from skimage.segmentation import watershed

from amphitrite.errors import BadInput
from amphitrite.files.images import read_image
from amphitrite.surveys.morpheus.interpret import segmentation
from amphitrite.surveys.morpheus.interpret.segmentation import segment


def random_field(seed, *, levels):
    """Return a background map with sky, sources and all that lies between."""
    rng = np.random.default_rng(seed)
    shape = tuple(rng.integers(40, 130, size=2))
    waves = ndimage.gaussian_filter(rng.standard_normal(shape), rng.uniform(1, 4))
    waves /= waves.std()
    share = 0.5 + rng.uniform(0.3, 2) * (waves + rng.uniform(0, 1))
    share = np.clip(share, 0, 1)
    if levels is not None:
        share = np.round(share * levels) / levels
    count = np.zeros(shape, dtype=np.int16)
    count[5:-5, 5:-5] = 900
    share[count == 0] = 0
    return share.astype(np.float32), count


def markers_of(background, count):
    markers = np.zeros(background.shape, dtype=np.int32)
    markers[(count > 0) & (background == 1)] = 1
    markers[(count > 0) & (background <= 0)] = 2
    return markers


def tied_islands(background, count):
    """Return the pixels of islands in which two markers start at equal strength."""
    markers, edges = markers_of(background, count), sobel(background)
    islands, n = ndimage.label((count > 0) & (background != 1))
    undecided = (count > 0) & (markers == 0)
    starting = (markers > 0) & ndimage.binary_dilation(undecided)
    tied = np.zeros(background.shape, dtype=bool)
    for number in range(1, n + 1):
        island = islands == number
        strengths = edges[ndimage.binary_dilation(island) & starting]
        if len(np.unique(strengths)) < len(strengths):
            tied |= island
    return tied


@pytest.mark.parametrize("levels", [None, 900, 90, 9, 2])
@pytest.mark.parametrize("seed", range(20))
def test_islands_equal_the_whole_image(seed, levels):
    background, count = random_field([seed, levels or 0], levels=levels)
    got = segmentation._flood_islands(background, count, 0.0)

    markers, edges = markers_of(background, count), sobel(background)
    order = segmentation._flood_order(edges, markers)
    whole = watershed(order, markers, mask=count > 0) == 2
    np.testing.assert_array_equal(got, whole)

    # Where no two markers tie, the order is the edges' own: nothing was rearranged.
    plain = watershed(edges, markers, mask=count > 0) == 2
    untied = ~tied_islands(background, count)
    np.testing.assert_array_equal(got[untied], plain[untied])


def test_the_comparison_without_ties_is_not_empty():
    untied = total = 0
    for seed in range(20):
        background, count = random_field([seed, 900], levels=900)
        islands = (count > 0) & (background != 1)
        untied += np.sum(islands & ~tied_islands(background, count))
        total += np.sum(islands)
    assert untied > 0.1 * total


class TestOriginal:
    def test_segmentation_map(self, original):
        got = segment(original["background"], original["n"], original["h"])
        np.testing.assert_array_equal(got, original["segmap"])


def discs(shape, *centres_and_radii):
    """Return background votes (0 in a disc, 0.5 on its rim) and counts."""
    y, x = np.indices(shape)
    background = np.ones(shape, dtype=np.float32)
    for cy, cx, radius in centres_and_radii:
        r = np.hypot(y - cy, x - cx)
        background = np.minimum(background, np.clip(r - radius, 0, 1))
    count = np.full(shape, 900, dtype=np.int16)
    count[:5] = count[-5:] = 0
    count[:, :5] = count[:, -5:] = 0
    return background.astype(np.float32), count


def blobs(shape, *centres, width=6.0):
    y, x = np.indices(shape)
    return sum(
        (height * np.exp(-((y - cy) ** 2 + (x - cx) ** 2) / (2 * width**2))).astype(
            np.float32
        )
        for cy, cx, height in centres
    )


class TestSegment:
    def test_two_sources_and_the_edge(self):
        background, count = discs((60, 100), (30, 25, 8), (25, 70, 5))
        labels = segment(background, count, np.zeros((60, 100)))
        assert labels.dtype == np.int32
        assert set(np.unique(labels)) == {-1, 0, 1, 2}
        np.testing.assert_array_equal(labels == -1, count == 0)
        # Ids follow the first pixel of each: rows 20 and 22.
        assert labels[25, 70] == 1
        assert labels[30, 25] == 2

    def test_nothing_but_sky(self):
        background, count = discs((50, 50))
        labels = segment(background, count, np.zeros((50, 50)))
        np.testing.assert_array_equal(labels, np.where(count > 0, 0, -1))

    def test_no_marker_at_all(self):
        background = np.full((50, 50), 0.5, dtype=np.float32)
        count = np.ones((50, 50))
        assert not segment(background, count, background).any()

    def test_nothing_but_source(self):
        count = np.ones((50, 50))
        labels = segment(np.zeros((50, 50), np.float32), count, count)
        assert (labels == 1).all()

    def test_unclassified(self):
        zero = np.zeros((50, 50), np.float32)
        assert (segment(zero, zero, zero) == -1).all()

    def test_threshold(self):
        background, count = discs((60, 60), (30, 30, 8))
        background = np.maximum(background, np.float32(0.1))
        flux = np.zeros((60, 60))
        assert segment(background, count, flux).max() == 0
        assert segment(background, count, flux, threshold=0.1).max() == 1

    @pytest.mark.parametrize("threshold", [-0.1, 1.0, float("nan")])
    def test_refuses_threshold(self, threshold):
        background, count = discs((60, 60))
        with pytest.raises(BadInput, match="at least 0 and below 1; received"):
            segment(background, count, background, threshold=threshold)

    def test_refuses_shapes(self):
        background, count = discs((60, 60))
        with pytest.raises(BadInput, match=r"received \(60, 60\), .* \(59, 60\)"):
            segment(background, count, background[1:])

    @pytest.mark.parametrize(("apart", "n_sources"), [(14, 1), (19, 1), (26, 2)])
    def test_peaks_within_20_pixels_are_of_one_source(self, apart, n_sources):
        shape = (90, 120)
        background, count = discs(shape, (45, 50, 30), (45, 70, 30))
        places = (45, 60 - apart // 2), (45, 60 - apart // 2 + apart)
        flux = sum(blobs(shape, (*place, 10), width=3.0) for place in places)
        labels = segment(background, count, flux)
        assert len(np.unique(labels[labels > 0])) == n_sources

    def test_separates_peaks(self):
        shape = (80, 130)
        background, count = discs(shape, (40, 40, 25), (40, 80, 25), (15, 120, 3))
        flux = blobs(shape, (40, 38, 10), (40, 82, 7))
        labels = segment(background, count, flux)
        # The lone source begins first; the parts take new ids after the largest, 2.
        assert set(np.unique(labels)) == {-1, 0, 1, 3, 4}
        assert labels[40, 38] == 3  # the brighter peak comes first
        assert labels[40, 82] == 4
        assert abs(np.argmax(labels[40, 38:82] == 4) - 22) <= 2
        alone = segment(background, count, flux, min_distance=60)
        assert set(np.unique(alone)) == {-1, 0, 1, 2}

    def test_a_hole_is_filled_when_separating(self):
        shape = (80, 130)
        background, count = discs(shape, (40, 40, 25), (40, 80, 25))
        background[38:43, 58:63] = 1
        flux = blobs(shape, (40, 38, 10), (40, 82, 7))
        labels = segment(background, count, flux)
        assert (labels[38:43, 58:63] > 0).all()

    def test_at_most_twenty_peaks(self):
        shape = (200, 330)
        background = np.zeros(shape, dtype=np.float32)
        count = np.ones(shape)
        flux = blobs(
            shape,
            *[
                (y, x, 5 + i)
                for i, (y, x) in enumerate(
                    (y, x) for y in range(30, 190, 35) for x in range(30, 310, 35)
                )
            ],
            width=5.0,
        )
        assert len(np.unique(segment(background, count, flux))) == 20

    def test_flux_that_is_not_finite(self):
        shape = (80, 130)
        background, count = discs(shape, (40, 40, 25), (40, 80, 25))
        flux = blobs(shape, (40, 38, 10), (40, 82, 7))
        expected = segment(background, count, flux)
        flux[40, 60], flux[20, 40] = np.nan, -np.inf
        assert set(np.unique(segment(background, count, flux))) == set(
            np.unique(expected)
        )

    def test_same_answer_from_files(self, tmp_path):
        background, count = random_field([3, 900], levels=900)
        flux = np.random.default_rng(0).normal(size=background.shape)
        expected = segment(background, count, flux.astype(np.float32))
        images = []
        for name, data in (("b", background), ("n", count), ("h", flux)):
            fits.PrimaryHDU(data).writeto(tmp_path / name)
            images.append(read_image(tmp_path / name))
        np.testing.assert_array_equal(segment(*images), expected)
        for image in images:
            image.close()
        mapped = [
            fits.getdata(tmp_path / name, memmap=True) for name in ("b", "n", "h")
        ]
        assert mapped[0].dtype.byteorder == ">"
        np.testing.assert_array_equal(segment(*mapped), expected)

    def test_strips_do_not_show(self, monkeypatch):
        background, count = random_field([4, 900], levels=900)
        flux = np.random.default_rng(0).normal(size=background.shape)
        expected = segment(background, count, flux)
        monkeypatch.setattr(segmentation, "_STRIP_PIXELS", 1000)
        np.testing.assert_array_equal(segment(background, count, flux), expected)

    def test_memory(self):
        shape = (2500, 2500)
        tile, count = discs((50, 50), (25, 25, 8))
        background = np.tile(tile, (50, 50))
        count = np.ones(shape, dtype=np.int16)
        flux = np.tile(blobs((50, 50), (25, 25, 1)), (50, 50))
        tracemalloc.start()
        labels = segment(background, count, flux)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert labels.max() == 2500
        # Labels (4 bytes a pixel), one mask (1), strips of 4 Mpx and 2,500 boxes.
        assert peak < 5 * labels.size + 6 * segmentation._STRIP_PIXELS
