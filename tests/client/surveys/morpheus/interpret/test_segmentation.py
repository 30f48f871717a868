import json
import tracemalloc

import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from astropy.io import fits
from astropy.wcs import WCS
from scipy import ndimage
from skimage.filters import sobel
from skimage.segmentation import watershed

from amphitrite.errors import BadInput
from amphitrite.files import catalogues
from amphitrite.files.images import read_image
from amphitrite.surveys.morpheus.catalogue import COLUMNS
from amphitrite.surveys.morpheus.interpret import segmentation
from amphitrite.surveys.morpheus.interpret.measurement import measure
from amphitrite.surveys.morpheus.interpret.segmentation import segment
from amphitrite.surveys.morpheus.page import MORPHOLOGIES


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


@pytest.fixture(scope="module")
def original(beside_data):
    with np.load(beside_data("reference/morpheus_original_stamp.npz")) as file:
        return dict(file)


class TestOriginal:
    def test_segmentation_map(self, original):
        got = segment(original["background"], original["n"], original["h"])
        np.testing.assert_array_equal(got, original["segmap"])

    def test_catalogue(self, original):
        got = measure(
            original["segmap"],
            original["h"],
            {name: original[name] for name in MORPHOLOGIES},
            {name: original[f"{name}_var"] for name in MORPHOLOGIES},
            None,
        )
        expected = json.loads(str(original["catalog"]))
        assert [*got["id"]] == [row["id"] for row in expected]
        for i, row in enumerate(expected):
            assert [got["y"][i], got["x"][i]] == row["location"]
            shares = [got[f"p_{name}"][i] for name in MORPHOLOGIES]
            # Stored as float32, which rounds a share of 1 by 6e-8.
            np.testing.assert_allclose(shares, row["morphology"], atol=1e-6)
            best = np.argmax(row["morphology"])
            assert got["morphology"][i] == MORPHOLOGIES[best]


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


def maps(shape, **values):
    return {
        name: np.full(shape, values.get(name, 0.0), np.float32) for name in MORPHOLOGIES
    }


class TestMeasure:
    SHAPE = (30, 40)

    def measure(self, labels, flux, votes, *, variances=None, wcs=None):
        variances = maps(self.SHAPE) if variances is None else variances
        return measure(labels, flux, votes, variances, wcs)

    def labels(self):
        labels = np.zeros(self.SHAPE, dtype=np.int32)
        labels[:5] = -1
        labels[10:14, 10:15] = 2
        labels[20:22, 30:32] = 7
        return labels

    def test_columns(self):
        got = self.measure(
            self.labels(), np.ones(self.SHAPE), maps(self.SHAPE, disk=0.5)
        )
        table = catalogues.table(COLUMNS, got)
        for column in COLUMNS:
            assert table[column.name].dtype == np.dtype(column.dtype) or (
                column.dtype == "str" and table[column.name].dtype.kind == "U"
            )
        assert [*got["id"]] == [2, 7]
        assert [*got["area"]] == [20, 4]
        assert [*got["flux_h"]] == [20, 4]
        assert [*got["p_disk"]] == [1, 1]
        assert [*got["morphology"]] == ["disk", "disk"]
        assert np.isnan(got["ra"]).all()
        assert np.isnan(got["dec"]).all()

    def test_weights_by_flux(self):
        flux = np.zeros(self.SHAPE)
        flux[10:14, 10:15] = np.arange(20).reshape(4, 5)
        votes = maps(self.SHAPE)
        votes["spheroid"][10:12] = 0.8  # flux 0..9: 45
        votes["irregular"][12:14] = 0.4  # flux 10..19: 145
        got = self.measure(self.labels(), flux, votes)
        expected = 0.8 * 45 / (0.8 * 45 + 0.4 * 145)
        # Columns and votes are float32.
        assert got["p_spheroid"][0] == pytest.approx(expected, rel=1e-6)
        assert got["p_irregular"][0] == pytest.approx(1 - expected, rel=1e-6)
        assert got["morphology"][0] == "irregular"
        assert (got["y"][0], got["x"][0]) == (13, 14)

    def test_negative_flux_takes_part(self):
        flux = np.zeros(self.SHAPE)
        flux[10, 10:13] = [10, -2, 4]
        votes = maps(self.SHAPE)
        votes["spheroid"][10, 10:12] = 1
        votes["disk"][10, 12] = 1
        got = self.measure(self.labels(), flux, votes)
        assert got["p_spheroid"][0] == pytest.approx(8 / 12, rel=1e-6)

    def test_negative_share_weights_positive_flux(self):
        flux = np.zeros(self.SHAPE)
        flux[10, 10:13] = [10, -2, 4]
        votes = maps(self.SHAPE)
        votes["spheroid"][10, 10] = 1
        votes["disk"][10, 11] = 1
        votes["irregular"][10, 12] = 1
        got = self.measure(self.labels(), flux, votes)
        shares = [got[f"p_{name}"][0] for name in MORPHOLOGIES]
        np.testing.assert_allclose(shares, [10 / 14, 0, 4 / 14, 0], rtol=1e-6)

    def test_no_positive_flux_weights_equally(self):
        flux = np.full(self.SHAPE, -1.0)
        votes = maps(self.SHAPE, disk=0.75, spheroid=0.25)
        got = self.measure(self.labels(), flux, votes)
        assert got["p_disk"][1] == pytest.approx(0.75)
        assert labels_at(self.labels(), got) == [2, 7]

    def test_no_votes(self):
        got = self.measure(self.labels(), np.ones(self.SHAPE), maps(self.SHAPE))
        assert np.isnan(got["p_disk"]).all()
        assert [*got["morphology"]] == ["", ""]

    def test_brightest_pixel_is_the_first_of_equals(self, monkeypatch):
        monkeypatch.setattr(segmentation, "_STRIP_PIXELS", 40)  # row by row
        flux = np.zeros(self.SHAPE)
        flux[12, 14] = flux[13, 11] = 3
        flux[11, 11] = np.nan
        flux[0, 0] = 100
        got = self.measure(self.labels(), flux, maps(self.SHAPE, disk=1))
        assert (got["y"][0], got["x"][0]) == (12, 14)
        assert (got["y"][1], got["x"][1]) == (20, 30)
        assert got["flux_h"][0] == 6

    def test_spread(self):
        variances = maps(self.SHAPE, disk=0.04)
        variances["disk"][10:12] = 0.16
        got = self.measure(
            self.labels(),
            np.ones(self.SHAPE),
            maps(self.SHAPE, disk=1),
            variances=variances,
        )
        np.testing.assert_allclose(got["p_disk_std"], [np.sqrt(0.1), 0.2], rtol=1e-6)

    def test_sky_position_is_icrs(self):
        wcs = WCS(naxis=2)
        wcs.wcs.ctype = ["GLON-TAN", "GLAT-TAN"]
        wcs.wcs.crval = [223.5, -54.4]
        wcs.wcs.crpix = [31, 21]
        wcs.wcs.cdelt = [-1.7e-5, 1.7e-5]
        got = self.measure(
            self.labels(), np.ones(self.SHAPE), maps(self.SHAPE, disk=1), wcs=wcs
        )
        expected = SkyCoord(223.5, -54.4, unit="deg", frame="galactic").icrs
        assert got["ra"][1] == pytest.approx(expected.ra.deg, abs=1e-10)
        assert got["dec"][1] == pytest.approx(expected.dec.deg, abs=1e-10)

    def test_no_source(self):
        empty = np.full(self.SHAPE, -1, dtype=np.int32)
        wcs = WCS(naxis=2)
        wcs.wcs.ctype = ["RA---TAN", "DEC--TAN"]
        got = self.measure(empty, np.ones(self.SHAPE), maps(self.SHAPE), wcs=wcs)
        assert all(len(values) == 0 for values in got.values())
        assert set(got) == {column.name for column in COLUMNS}


def labels_at(labels, columns):
    return [int(labels[y, x]) for y, x in zip(columns["y"], columns["x"], strict=True)]
