"""Pictures of the sky: the right part of it, the right way round, sources in place."""

import subprocess
import sys

import numpy as np
import pytest
from astropy.table import QTable
from astropy.units import deg
from PIL import Image

pytest.importorskip("matplotlib", reason="needs the plots extra")

from amphitrite.surveys.asid.pictures import draw, extent, write
from amphitrite.surveys.asid.prepare.patches import unit_vectors


def table(lon, lat):
    return QTable(
        {"l": np.asarray(lon, float) * deg, "b": np.asarray(lat, float) * deg}
    )


def around(lon, lat, *, n=3000, spread=2.0, seed=1):
    rng = np.random.default_rng(seed)
    x, y = rng.normal(0, spread, (2, n))
    return unit_vectors(lon + x / np.cos(np.radians(lat)), lat + y)


def even(n=20_000):
    vectors = np.random.default_rng(2).normal(size=(n, 3))
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def test_the_extent_is_that_of_the_photons():
    one = unit_vectors(np.full(36, 30.0), np.full(36, 20.0))
    assert extent(one)[1] == pytest.approx(0, abs=1e-5)
    middle, radius = extent(unit_vectors(np.array([-3.0, 3.0]), np.zeros(2)))
    np.testing.assert_allclose(middle, [1, 0, 0], atol=1e-12)
    assert radius == pytest.approx(3.0)
    assert extent(np.zeros((0, 3)))[1] == 180.0


def test_a_region_is_shown_by_itself_in_galactic_coordinates():
    axes = draw(around(120.0, -40.0), table([121.0], [-41.0])).axes[0]
    assert axes.wcs.wcs.ctype[0] == "GLON-ZEA"
    x, y = axes.lines[0].get_data()
    (pixel,) = axes.wcs.wcs_world2pix([[121.0, -41.0]], 0)
    np.testing.assert_allclose([x[0], y[0]], pixel)
    # longitude grows to the left
    left, right = axes.wcs.wcs_pix2world([[0, 50], [90, 50]], 0)[:, 0]
    assert left > right
    image = axes.images[0].get_array()
    assert image.shape[0] == image.shape[1]


def test_a_region_s_photons_are_conserved():
    photons = around(120.0, -40.0)
    axes = draw(photons, table([], [])).axes[0]
    density = np.asarray(axes.images[0].get_array())
    pixel = axes.wcs.wcs.cdelt[1]
    assert pixel > 0
    # the smoothing mirrors at the borders, which keeps the sum
    assert density.sum() * pixel**2 == pytest.approx(len(photons), rel=1e-6)


def test_the_whole_sky_has_longitude_zero_in_the_middle_growing_to_the_left():
    blob = around(90.0, 30.0, n=20_000, spread=1.5)
    axes = draw(np.concatenate([even(), blob]), table([90.0], [30.0])).axes[0]
    assert axes.name == "mollweide"
    x, y = axes.lines[0].get_data()
    np.testing.assert_allclose(np.degrees([x[0], y[0]]), [-90.0, 30.0])
    density = np.asarray(axes.collections[0].get_array())
    row, column = np.unravel_index(density.argmax(), density.shape)
    assert row / 2 - 90 == pytest.approx(30, abs=2)
    assert column / 2 - 180 == pytest.approx(-90, abs=2)
    labels = [tick.get_text() for tick in axes.get_xticklabels()]
    assert labels[0] == "150°"
    assert labels[5] == "0°"


def test_the_whole_sky_s_density_is_per_square_degree():
    vectors = even(500_000)
    axes = draw(vectors, table([], [])).axes[0]
    density = np.asarray(axes.collections[0].get_array())
    expected = len(vectors) / (4 * np.pi * np.degrees(1) ** 2)
    # 250 000 photons in the rows averaged over: 0.2 % by chance
    assert density[90:270].mean() == pytest.approx(expected, rel=0.01)


def test_a_picture_is_written_and_not_blank(tmp_path):
    path = tmp_path / "sky.png"
    write(path, even(), table([10.0, 200.0], [5.0, -5.0]))
    with Image.open(path) as picture:
        pixels = np.asarray(picture.convert("RGB"))
    assert min(pixels.shape[:2]) > 500
    # a marker's cyan is not a colour of the map
    cyan = (pixels[..., 0] < 60) & (pixels[..., 1] > 180) & (pixels[..., 2] > 200)
    assert cyan.any()


def test_no_photon_is_an_empty_sky(tmp_path):
    figure = draw(np.zeros((0, 3)), table([], []))
    assert figure.axes[0].get_title() == "0 sources among 0 photons"
    figure.savefig(tmp_path / "sky.png")


def test_one_photon_is_a_small_region(tmp_path):
    figure = draw(unit_vectors(np.array([5.0]), np.array([6.0])), table([5.0], [6.0]))
    assert figure.axes[0].get_title() == "1 source among 1 photons"
    figure.savefig(tmp_path / "sky.png")


def test_without_matplotlib_the_extra_is_named():
    code = (
        "import sys; sys.modules['matplotlib'] = None\n"
        "from amphitrite import errors\n"
        "from amphitrite.surveys.asid import pictures\n"
        "try: pictures.check_available()\n"
        "except errors.MissingExtra as error: print(error)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert "pip install 'amphitrite[plots]'" in done.stdout
