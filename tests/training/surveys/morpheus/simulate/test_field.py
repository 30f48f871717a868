"""The simulated field: reproducible, true to its table, and alike to the stamps."""

import math
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from astropy.table import Table
from astropy.wcs import WCS
from astropy.wcs.utils import proj_plane_pixel_scales
from scipy import ndimage

from amphitrite.errors import BadInput, OutputError
from amphitrite.files.grids import check_same_grid
from amphitrite.files.images import read_image
from amphitrite.surveys.morpheus.page import BANDS, FILTERS, LABELS, MORPHOLOGIES
from amphitrite_training.surveys.morpheus.simulate import camera
from amphitrite_training.surveys.morpheus.simulate.field import noise_free, render_field
from amphitrite_training.surveys.morpheus.simulate.files import write_field
from amphitrite_training.surveys.morpheus.simulate.population import (
    BRIGHT_RANGE,
    COUNT_SLOPE,
    FAINT_RANGE,
    Part,
    Source,
    draw_sources,
)
from amphitrite_training.surveys.morpheus.simulate.profiles import Sersic


@pytest.fixture(scope="module")
def field():
    return render_field(20, shape=(240, 250))


@pytest.fixture(scope="module")
def stamps():
    """(sky pixels, mask of them, header) of every band of every real stamp."""
    if not (folder := os.environ.get("AMPHITRITE_TEST_DATA")):
        pytest.skip("AMPHITRITE_TEST_DATA does not name the folder of real data")
    found = {band: [] for band in BANDS}
    for path in sorted(Path(folder, "hst").glob("*_segmap.fits.gz")):
        near = ndimage.binary_dilation(fits.getdata(path) != 0, iterations=4)
        for band in BANDS:
            name = path.name.replace("segmap", band.lower())
            pixels, header = fits.getdata(path.with_name(name), header=True)
            pixels = pixels.astype(float)
            level = np.median(pixels[~near])
            spread = 1.4826 * np.median(np.abs(pixels[~near] - level))
            empty = ~near & (np.abs(pixels - level) < 4 * spread)
            found[band].append((pixels - pixels[empty].mean(), empty, header))
    assert all(found.values())
    return found


def correlation(pixels, empty, dy, dx):
    """Correlation of empty pixels with those (dy, dx) away."""
    rows, columns = pixels.shape
    here = (slice(rows - dy), slice(columns - dx))
    there = (slice(dy, None), slice(dx, None))
    both = empty[here] & empty[there]
    return (pixels[here] * pixels[there])[both].mean() / pixels[empty].var()


def star(**changes):
    main = Sersic(**{"x": 40.3, "y": 31.8, "radius": 0.0, "index": 0.0} | changes,
                  axis_ratio=1.0, angle=0.0)  # fmt: skip
    colours = dict(zip(BANDS, (0.0, 0.1, 0.2, 0.3), strict=True))
    return Source("point_source", 20.0, main, (Part(main, 1.0, colours),))


def test_same_seed_same_bits(field):
    again = render_field(20, shape=(240, 250))
    for band in BANDS:
        np.testing.assert_array_equal(again.bands[band], field.bands[band])
    np.testing.assert_array_equal(again.labels, field.labels)
    for name in field.truth.colnames:
        np.testing.assert_array_equal(again.truth[name], field.truth[name])


def test_another_seed_another_field(field):
    other = render_field(21, shape=(240, 250))
    assert not np.any(other.bands["H"] == field.bands["H"])


def test_images_are_what_the_network_reads(field):
    assert tuple(field.bands) == BANDS
    for image in field.bands.values():
        assert image.shape == (240, 250)
        assert image.dtype == np.float32
        assert np.isfinite(image).all()


@pytest.mark.parametrize("shape", [(39, 100), (100, 39), (0, 0)])
def test_refuses_less_than_a_window(shape):
    with pytest.raises(BadInput, match=r"received shape .*; ask for 40 or more"):
        render_field(1, shape=shape)


def test_smallest_field():
    field = render_field(1, shape=(40, 40))
    assert field.labels.shape == (40, 40)
    assert (field.truth["x"] < 40).all()


def test_truth_says_units_and_meanings(field):
    units = {
        name: str(field.truth[name].unit) for name in ("x", "y", "mag_h", "radius")
    }
    assert units == {"x": "pix", "y": "pix", "mag_h": "mag", "radius": "arcsec"}
    assert all(column.info.description for column in field.truth.itercols())
    assert set(field.truth["morphology"]) <= set(MORPHOLOGIES)
    assert field.truth["mag_h"].min() >= BRIGHT_RANGE[0]
    assert field.truth["mag_h"].max() <= FAINT_RANGE[1]
    for axis, size in (("x", 250), ("y", 240)):
        assert (field.truth[axis] >= 0).all()
        assert (field.truth[axis] <= size - 1).all()


def test_points_have_no_shape(field):
    points = field.truth["morphology"] == "point_source"
    for name in ("radius", "sersic_index", "axis_ratio", "angle"):
        np.testing.assert_array_equal(np.isnan(field.truth[name]), points)


def test_every_class_is_bright_somewhere(field):
    bright = field.truth["mag_h"] < BRIGHT_RANGE[1]
    assert set(field.truth["morphology"][bright]) == set(MORPHOLOGIES)


def test_labels_name_the_source_that_is_there(field):
    bright = field.truth[field.truth["mag_h"] < BRIGHT_RANGE[1]]
    for source in bright:
        label = field.labels[round(source["y"]), round(source["x"])]
        assert LABELS[label] == source["morphology"]


def test_background_is_background(field):
    """Pixels of no class hold the sky and the faintest wings only."""
    empty = field.labels == LABELS.index("background")
    assert 0.5 < empty.mean() < 0.95
    # Wings of up to one sigma of each class remain there, hence the room upwards.
    rms = field.bands["H"][empty].std() / camera.BANDS["H"].noise
    assert 0.95 < rms < 1.3
    assert field.bands["H"][~empty].mean() > 10 * camera.BANDS["H"].noise


def test_brightest_places_are_the_truth(field):
    """The table's positions are peaks of the H image, as the catalogue's are."""
    bright = field.truth[field.truth["mag_h"] < BRIGHT_RANGE[1]]
    for source in bright:
        y, x = round(source["y"]), round(source["x"])
        around = field.bands["H"][y - 6 : y + 7, x - 6 : x + 7]
        peak = np.unravel_index(around.argmax(), around.shape)
        # Noise and the pixel grid move a flat peak by a pixel or two.
        assert math.hypot(peak[0] - 6, peak[1] - 6) <= 2.5


@pytest.mark.parametrize("band", BANDS)
def test_point_source_has_its_magnitude(band):
    source = star(x=100.3, y=99.8)
    image = noise_free([source], (200, 200), band)
    colour = source.parts[0].colours[band]
    flux = 10 ** (0.4 * (camera.BANDS[band].zero_point - 20.0 - colour))
    # A Moffat of beta 1.8 has up to 1.2 % of its light beyond 100 pixels; sampling a
    # core of 1.4 pixels at pixel centres costs as much again.
    assert image.sum() == pytest.approx(flux, rel=0.025)
    assert np.unravel_index(image.argmax(), image.shape) == (100, 100)


@pytest.mark.parametrize(("index", "loss"), [(1.0, 0.02), (4.0, 0.06)])
def test_extended_source_has_its_magnitude(index, loss):
    source = star(x=128.0, y=130.0, radius=6.0, index=index)
    image = noise_free([source], (256, 256), "H")
    flux = camera.electrons(20.0, camera.BANDS["H"])
    # What lies beyond the profile's reach is not drawn: 1 % at n = 1, 5 % at n = 4.
    assert flux * (1 - loss) < image.sum() < flux * 1.01


def test_extended_and_point_source_share_the_grid():
    """A very small galaxy looks like a star at the same place."""
    point = noise_free([star()], (64, 80), "H")
    dot = noise_free([star(radius=0.2, index=1.0)], (64, 80), "H")
    # The fine grid knows a dot's place to a third of a pixel.
    for axis in (0, 1):
        along = np.arange(point.shape[axis])
        place, expected = (
            np.average(along, weights=image.sum(axis=1 - axis))
            for image in (dot, point)
        )
        assert place == pytest.approx(expected, abs=0.2)


def test_source_beyond_the_border_leaves_no_error():
    image = noise_free([star(x=-400.0, radius=3.0, index=1.0)], (64, 80), "H")
    np.testing.assert_array_equal(image, 0)


@pytest.mark.parametrize("index", [1.0, 2.5, 4.0])
@pytest.mark.parametrize("axis_ratio", [1.0, 0.4])
def test_half_the_light_is_within_the_radius(index, axis_ratio):
    profile = Sersic(
        0.0, 0.0, radius=20.0, index=index, axis_ratio=axis_ratio, angle=0.0
    )
    # Polar rings on the ellipse: exact in angle, fine in radius.
    radius = (np.arange(4000) + 0.5) * 20.0 / 4000
    light = profile.at(np.zeros_like(radius), radius)
    within = (light * 2 * np.pi * radius * axis_ratio).sum() * 20.0 / 4000
    # The softened core takes 0.1 % at n = 4.
    assert within == pytest.approx(0.5, abs=2e-3)


def test_arms_keep_the_flux():
    options = {"radius": 12.0, "index": 1.0, "axis_ratio": 0.7, "angle": 0.4}
    y, x = np.ogrid[-70.0:71, -70.0:71]
    plain = Sersic(0.0, 0.0, **options).at(y, x)
    spiral = Sersic(0.0, 0.0, **options, arms=0.8, phase=1.0, winding=2.0).at(y, x)
    assert spiral.sum() == pytest.approx(plain.sum(), rel=1e-3)
    assert np.abs(spiral / plain - 1).max() == pytest.approx(0.8, abs=0.01)
    np.testing.assert_allclose(spiral, spiral[::-1, ::-1], rtol=1e-9)  # two arms


@pytest.mark.parametrize("band", BANDS)
def test_point_spread_is_as_wide_as_said(band):
    response = camera.BANDS[band]
    half = response.fwhm_arcsec / camera.PIXEL_ARCSEC / 2
    peak, at_half = camera.point_spread(np.array([0.0, half**2]), response)
    assert at_half == pytest.approx(peak / 2)
    edges = np.geomspace(1e-4, 1e4, 20001)
    middle = np.sqrt(edges[1:] * edges[:-1])
    rings = np.pi * np.diff(edges**2)
    # The integral stops at 10,000 pixels, where a share of 1e-5 is left.
    light = (camera.point_spread(middle**2, response) * rings).sum()
    assert light == pytest.approx(1.0, abs=1e-4)


@pytest.mark.parametrize("band", BANDS)
def test_sky_has_its_noise(band):
    response = camera.BANDS[band]
    sky = camera.sky(np.random.default_rng(3), (500, 600), response)
    everything = np.ones(sky.shape, dtype=bool)
    rho = response.correlation
    # Five sigma of 300,000 pixels, of which some ten share what is random.
    five_sigma = 5 * math.sqrt(10 / sky.size)
    assert sky.std() == pytest.approx(response.noise, rel=five_sigma)
    assert sky.mean() == pytest.approx(response.sky, abs=five_sigma * response.noise)
    for dy, dx in ((0, 1), (1, 0), (1, 1), (0, 2), (3, 0)):
        measured = correlation(sky - sky.mean(), everything, dy, dx)
        assert measured == pytest.approx(rho ** (dy**2 + dx**2), abs=five_sigma)


def test_counts_rise_as_said():
    magnitudes = np.concatenate(
        [
            [s.mag_h for s in draw_sources(np.random.default_rng(seed), (480, 480))]
            for seed in range(40)
        ]
    )
    low = np.sum((magnitudes > 24.5) & (magnitudes < 25.5))
    high = np.sum((magnitudes > 25.5) & (magnitudes < 26.5))
    # Three sigma of the logarithm of a ratio of two Poisson counts.
    error = 3 * math.sqrt(1 / low + 1 / high) / math.log(10)
    assert error < 0.1
    assert math.log10(high / low) == pytest.approx(COUNT_SLOPE, abs=error)


def test_classes_differ_in_colour():
    sources = draw_sources(np.random.default_rng(5), (600, 600))
    colour = {
        name: np.median(
            [s.magnitude("V") - s.mag_h for s in sources if s.morphology == name]
        )
        for name in MORPHOLOGIES
    }
    assert colour["spheroid"] > colour["disk"] > colour["irregular"]


def test_parts_add_up_to_the_source():
    for source in draw_sources(np.random.default_rng(5), (300, 300)):
        assert sum(part.share for part in source.parts) == pytest.approx(1)
        assert source.magnitude("H") == pytest.approx(source.mag_h)


def test_files_say_what_they_are(field, tmp_path):
    write_field(field, tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "h.fits", "j.fits", "truth.fits", "v.fits", "z.fits",
    ]  # fmt: skip
    for band, name in zip(BANDS, FILTERS, strict=True):
        with fits.open(tmp_path / f"{band.lower()}.fits") as hdus:
            hdus.verify("exception")
            header = hdus[0].header
            np.testing.assert_array_equal(hdus[0].data, field.bands[band])
        assert header["OBJECT"] == "SIMULATED"
        assert header["SIMULATE"] is True
        assert header["SEED"] == 20
        assert header["FILTER"] == name
        assert header["BUNIT"] == "electron/s"
        wcs = WCS(header)
        assert list(wcs.wcs.ctype) == ["RA---TAN", "DEC--TAN"]
        np.testing.assert_allclose(proj_plane_pixel_scales(wcs) * 3600, 0.06)
    truth = Table.read(tmp_path / "truth.fits")
    assert truth.meta["OBJECT"] == "SIMULATED"
    assert str(truth["radius"].unit) == "arcsec"
    np.testing.assert_array_equal(truth["mag_h"], field.truth["mag_h"])


def test_files_are_read_by_the_client_on_one_grid(field, tmp_path):
    write_field(field, tmp_path)
    images = {band: read_image(tmp_path / f"{band.lower()}.fits") for band in BANDS}
    try:
        check_same_grid(images)
        np.testing.assert_array_equal(images["z"].rows(0, 240), field.bands["z"])
    finally:
        for image in images.values():
            image.close()


def test_files_are_replaced(field, tmp_path):
    write_field(render_field(1, shape=(64, 64)), tmp_path)
    write_field(field, tmp_path)
    assert fits.getdata(tmp_path / "j.fits").shape == (240, 250)


def test_refuses_a_missing_folder(field, tmp_path):
    with pytest.raises(OutputError, match=r"no-such.*give an existing folder"):
        write_field(field, tmp_path / "no-such")


def test_needs_neither_a_framework_nor_a_plotter():
    code = (
        "import sys, amphitrite_training.surveys.morpheus.simulate; "
        "print(sorted({'keras', 'tensorflow', 'matplotlib'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


class TestAgainstRealStamps:
    """Every constant of the camera lies within what the real stamps show."""

    @pytest.mark.parametrize("band", ["H", "J"])
    def test_zero_points(self, stamps, band):
        for _, _, header in stamps[band]:
            expected = camera.ab_zero_point(header["PHOTFLAM"], header["PHOTPLAM"])
            assert camera.BANDS[band].zero_point == pytest.approx(expected, abs=1e-6)

    @pytest.mark.parametrize("band", BANDS)
    def test_noise(self, stamps, band):
        rms = [pixels[empty].std() for pixels, empty, _ in stamps[band]]
        assert min(rms) <= camera.BANDS[band].noise <= max(rms)

    @pytest.mark.parametrize("band", BANDS)
    @pytest.mark.parametrize("lag", [(0, 1), (1, 0), (1, 1), (2, 0)])
    def test_correlation(self, stamps, band, lag):
        measured = np.median([correlation(p, e, *lag) for p, e, _ in stamps[band]])
        expected = camera.BANDS[band].correlation ** (lag[0] ** 2 + lag[1] ** 2)
        # A stamp has 1,000 to 6,600 empty pixels: one sigma is near 0.02, and
        # unseen galaxies add as much.
        assert expected == pytest.approx(measured, abs=0.05)
