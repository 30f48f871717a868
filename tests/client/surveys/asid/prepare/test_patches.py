"""The geometry of a patch, in directions that are known."""

import numpy as np
import pytest

from amphitrite.surveys.asid.prepare.patches import (
    Patch,
    angles,
    depth,
    from_pixels,
    to_pixels,
    unit_vectors,
)


def test_vectors_point_to_longitude_and_latitude():
    lon, lat = np.array([0.0, 90, 180, 30, np.nan]), np.array([0.0, 0, 0, 90, 1])
    expected = [[1, 0, 0], [0, 1, 0], [-1, 0, 0], [0, 0, 1], [np.nan] * 3]
    found = unit_vectors(lon, lat)
    # a cosine of 90 deg is 6e-17; NaN latitudes alone have a third coordinate
    np.testing.assert_allclose(found[:4], expected[:4], atol=1e-15)
    assert np.isnan(found[4, :2]).all()


def test_angles_are_those_of_vectors_of_any_length():
    rng = np.random.default_rng(2)
    lon, lat = rng.uniform(0, 360, (5, 4)), rng.uniform(-90, 90, (5, 4))
    found = angles(3.5 * unit_vectors(lon, lat))
    # rounding of 1e-16 rad is less than 1e-12 deg, but for longitudes near a pole
    np.testing.assert_allclose(found, (lon, lat), atol=1e-10)


def test_x_grows_with_longitude_and_y_with_latitude():
    patch = Patch(50.0, 20.0)
    x, y = patch.offsets(
        unit_vectors(np.array([50.0, 51, 50]), np.array([20.0, 20, 22]))
    )
    # one degree of longitude at a latitude of 20 deg
    np.testing.assert_allclose(x, [0, np.cos(np.radians(20)), 0], atol=1e-4)
    np.testing.assert_allclose(y, [0, 0, 2], atol=0.01)
    assert y[2] == pytest.approx(2, abs=1e-12)


@pytest.mark.parametrize("place", [(0, 0), (359, 89), (123.4, -56.7), (10, -90)])
def test_coordinates_return_to_where_they_came_from(place):
    patch = Patch(*map(float, place))
    rng = np.random.default_rng(1)
    x, y = rng.uniform(-5, 5, (2, 30))
    np.testing.assert_allclose(patch.offsets(patch.vectors(x, y)), (x, y), atol=1e-12)
    centre = patch.vectors(np.zeros(1), np.zeros(1))
    lon, lat = np.array([place[0]]), np.array([place[1]])
    np.testing.assert_allclose(centre, unit_vectors(lon, lat), atol=1e-15)


def test_single_precision_stays_single():
    vectors = unit_vectors(np.array([50.2]), np.array([20.1])).astype(np.float32)
    x, y = Patch(50.0, 20.0).offsets(vectors)
    assert x.dtype == y.dtype == np.float32


def test_the_depth_is_the_distance_of_the_nearest_edge():
    x, y = np.array([0.0, 4, -4, 1, 6]), np.array([0.0, 1, 1, -4.5, 0])
    np.testing.assert_allclose(depth(x, y), [5, 1, 1, 0.5, -1])


def test_the_first_pixel_is_at_the_largest_x_and_the_smallest_y():
    row, column = to_pixels(
        np.array([5.0, 4.5, -5]), np.array([-5.0, -4.5, 5]), pixels=10
    )
    # edges of pixels are half a pixel from their centres
    np.testing.assert_allclose(row, [-0.5, 0, 9.5])
    np.testing.assert_allclose(column, [-0.5, 0, 9.5])


@pytest.mark.parametrize("pixels", [64, 128, 256])
def test_pixels_return_to_their_coordinates(pixels):
    x, y = np.random.default_rng(1).uniform(-5, 5, (2, 30))
    row, column = to_pixels(x, y, pixels=pixels)
    np.testing.assert_allclose(from_pixels(row, column, pixels=pixels), (x, y))
