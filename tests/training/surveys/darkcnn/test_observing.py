"""Clusters are seen as instruments show them."""

from __future__ import annotations

import numpy as np
import pytest

from amphitrite.surveys.darkcnn.page import ATTRIBUTES, DENSITY, MASS_ERROR_DEX
from amphitrite.surveys.darkcnn.prepare.missing import RADII
from amphitrite_training.surveys.darkcnn.observing import (
    MEASURED,
    View,
    attributes,
    quarter_turned,
    seen,
    turned,
)
from amphitrite_training.surveys.darkcnn.simulate.noise import convergence_error

ALL = np.ones(3, bool)


def test_maps_are_scaled_as_the_client_scales_them(some):
    found = seen(some[0], View(ALL), np.random.default_rng(1))
    assert found.dtype == np.float32
    np.testing.assert_allclose(found[..., 0], some[0][0] / DENSITY, rtol=1e-6)
    for channel in (1, 2):
        assert found[..., channel][RADII < 400].mean() == pytest.approx(1, rel=1e-5)
        ratio = found[..., channel] / some[0][channel]
        np.testing.assert_allclose(ratio, ratio[0, 0], rtol=1e-4)


def test_a_channel_that_is_absent_is_zero(some):
    view = View(np.array([True, False, True]), galaxies=50, kiloseconds=30)
    found = seen(some[0], view, np.random.default_rng(1))
    assert (found[..., 1] == 0).all()
    assert (found[..., 2] > 0).all()


def test_a_relative_map_has_a_maximum_of_one(some):
    found = seen(some[0], View(ALL, relative=True), np.random.default_rng(1))
    assert found[..., 0].max() == 1


def test_noise(some):
    plain = seen(some[0], View(ALL), np.random.default_rng(1))
    view = View(ALL, galaxies=50, kiloseconds=10)
    noisy = seen(some[0], view, np.random.default_rng(1))
    error = (noisy - plain)[..., 0].std()
    assert error == pytest.approx(convergence_error(50), rel=0.03)
    assert (noisy[..., 1] != plain[..., 1]).any()
    assert noisy[..., 1][RADII < 400].mean() == pytest.approx(1, rel=1e-5)
    np.testing.assert_array_equal(noisy[..., 2], plain[..., 2])


def test_attributes_are_those_of_the_page_with_an_error_of_the_mass(some):
    assert MEASURED == ATTRIBUTES
    places = np.repeat(np.arange(4), 500)
    found = attributes(some, places, np.random.default_rng(1))
    for number, name in enumerate(MEASURED):
        off = found[:, number] - some.truth[name][places]
        error = MASS_ERROR_DEX if name == "log_m200" else 0.0
        # 4 sigma of 2000
        assert off.std() == pytest.approx(error, abs=0.07 * error + 1e-6)
        assert abs(off.mean()) < 0.01


def test_eight_positions_of_a_square(some):
    all_eight = [quarter_turned(some[0], number) for number in range(8)]
    assert len({each.tobytes() for each in all_eight}) == 8
    for each in all_eight:
        np.testing.assert_array_equal(np.sort(each, None), np.sort(some[0], None))


@pytest.mark.parametrize("quarters", [0, 1])
def test_a_turn_by_an_angle_is_one_about_the_middle(some, quarters):
    found = turned(some[0], quarters * np.pi / 2)
    expected = np.rot90(some[0], quarters, axes=(1, 2))
    if not np.allclose(found, expected, rtol=1e-4):
        expected = np.rot90(some[0], -quarters, axes=(1, 2))
    np.testing.assert_allclose(found, expected, rtol=1e-4)
    ring = (RADII > 200) & (RADII < 400)
    half = turned(some[0], 0.7)
    assert half[0][ring].mean() == pytest.approx(some[0][0][ring].mean(), rel=0.02)
