"""The simulated field: reproducible, and true to its table."""

import math
import subprocess
import sys

import numpy as np
import pytest

from amphitrite.errors import BadInput
from amphitrite.surveys.morpheus.page import BANDS, LABELS, MORPHOLOGIES
from amphitrite_training.surveys.morpheus.simulate import camera
from amphitrite_training.surveys.morpheus.simulate.field import noise_free, render_field
from amphitrite_training.surveys.morpheus.simulate.population import (
    BRIGHT_RANGE,
    FAINT_RANGE,
    Part,
    Source,
)
from amphitrite_training.surveys.morpheus.simulate.profiles import Sersic


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


def test_needs_neither_a_framework_nor_a_plotter():
    code = (
        "import sys, amphitrite_training.surveys.morpheus.simulate; "
        "print(sorted({'keras', 'tensorflow', 'matplotlib'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
