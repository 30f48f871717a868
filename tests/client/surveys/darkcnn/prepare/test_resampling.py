"""Maps of any pixel come to the network's, and their mass is conserved."""

from __future__ import annotations

import numpy as np
import pytest

from amphitrite.surveys.darkcnn.prepare.resampling import resampled, shares

RNG = np.random.default_rng(3)
MIDDLE = (49.5, 49.5)


def test_the_network_s_own_grid_stays_as_it_is():
    values = RNG.normal(size=(100, 100))
    # Sums of 100 products, 99 of them 0, differ in the last digit.
    np.testing.assert_allclose(
        resampled(values, (20.0, 20.0), MIDDLE), values, rtol=1e-12
    )


@pytest.mark.parametrize(
    ("shape", "pixel"),
    [((400, 400), (5, 5)), ((300, 270), (6.6667, 7.4074)), ((50, 50), (40, 40))],
)
def test_mass_is_conserved(shape, pixel):
    values = RNG.normal(1, 1, shape)
    ny, nx = shape
    found = resampled(values, pixel, ((nx - 1) / 2, (ny - 1) / 2))
    mass = values.sum() * pixel[0] * pixel[1]
    # 1e-4: the sides of 300 pixels are rounded to 2000.01 kpc
    assert found.sum() * 400 == pytest.approx(mass, rel=1e-4)


def test_a_density_stays_a_density():
    found = resampled(np.full((333, 333), 7.0), (6.3, 6.3), (166.0, 166.0))
    np.testing.assert_allclose(found, 7, rtol=1e-12)  # of sums of products


def test_four_pixels_become_their_mean():
    values = RNG.normal(size=(200, 200))
    want = values.reshape(100, 2, 100, 2).mean(axis=(1, 3))
    found = resampled(values, (10.0, 10.0), (99.5, 99.5))
    np.testing.assert_allclose(found, want, rtol=1e-9, atol=1e-12)


def test_rows_and_columns_have_their_own_size(density):
    wide = density(100, 100)[:, ::2]  # as if only every second column was seen
    found = resampled(np.repeat(wide, 2, axis=1), (20.0, 20.0), MIDDLE)
    np.testing.assert_allclose(
        resampled(wide, (20.0, 40.0), (24.5, 49.5)), found, rtol=1e-12
    )


def test_the_centre_becomes_the_middle():
    values = np.zeros((300, 320))
    values[140, 170] = 1
    # One pixel of 20 kpc, whose corner becomes the middle of the grid.
    found = resampled(values, (20.0, 20.0), (169.5, 139.5))
    assert np.unravel_index(found.argmax(), found.shape) == (50, 50)
    found = resampled(values, (20.0, 20.0), (170.0, 140.0))
    np.testing.assert_allclose(found[49:51, 49:51], 0.25, rtol=1e-12)


def test_missing_pixels_do_not_count():
    values = np.ones((200, 200))
    values[::2, ::2] = np.nan  # one of four
    values[:20] = np.nan
    found = resampled(values, (10.0, 10.0), (99.5, 99.5))
    assert np.isnan(found[:10]).all()
    np.testing.assert_allclose(found[10:], 1, rtol=1e-12)


def test_half_a_pixel_is_enough_and_less_is_not():
    values = np.ones((200, 200))
    values[:, 0] = np.nan  # half of the first column
    values[0, 0:4] = np.nan  # and three quarters of its first pixel
    found = resampled(values, (10.0, 10.0), (99.5, 99.5))
    assert np.isnan(found[0, 0])
    assert np.isfinite(found[1:, 0]).all()
    assert found[0, 1] == 1


def test_outside_the_field_is_missing():
    found = resampled(np.ones((60, 60)), (20.0, 20.0), (29.5, 29.5))
    assert np.isfinite(found[20:80, 20:80]).all()
    assert np.isfinite(found).sum() == 3600
    nowhere = resampled(np.ones((60, 60)), (20.0, 20.0), (500.0, 29.5))
    assert np.isnan(nowhere).all()


def test_only_near_pixels_are_touched():
    near, shared = shares(10_000, 5.0, 5000.0)
    assert near == slice(4800, 5201)
    assert shared.shape == (100, 401)
    np.testing.assert_allclose(shared.sum(axis=1), 20, rtol=1e-12)
