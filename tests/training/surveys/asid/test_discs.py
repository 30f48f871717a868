"""Discs: which sources get one, and what it looks like."""

from __future__ import annotations

import numpy as np
import pytest

from amphitrite.surveys.asid.page import MASK_DEGREES, MASK_PIXELS
from amphitrite.surveys.asid.prepare.patches import to_pixels
from amphitrite_training.surveys.asid.discs import draw_discs, visible
from amphitrite_training.surveys.asid.recipe import SHIPPED, Recipe

ALL = np.ones(5, bool)
ROW, COLUMN = np.mgrid[:MASK_PIXELS, :MASK_PIXELS]


def away(x, y):
    row, column = to_pixels(np.array(x), np.array(y), pixels=MASK_PIXELS)
    return np.hypot(ROW - row, COLUMN - column)


@pytest.mark.parametrize("radius", [4.0, 8.0])
def test_a_flat_disc_is_one_within_its_radius(radius):
    recipe = Recipe(disc_radius_pixels=radius)
    mask = draw_discs(np.array([1.03]), np.array([-2.2]), recipe)
    assert mask.dtype == np.float32
    np.testing.assert_array_equal(mask, away(1.03, -2.2) <= radius)


def test_a_dome_is_a_half_sphere():
    mask = draw_discs(np.array([1.03]), np.array([-2.2]), SHIPPED)
    radius = SHIPPED.disc_radius_pixels
    d = away(1.03, -2.2)
    # single precision
    np.testing.assert_allclose(
        mask, np.sqrt(np.maximum(0, 1 - (d / radius) ** 2)), atol=1e-6
    )
    # the nearest pixel centre is at most 0.71 pixels away
    assert mask.max() > np.sqrt(1 - 0.5 / radius**2)


def test_where_discs_overlap_the_higher_value_counts():
    x, y = np.array([0.0, 0.4]), np.array([0.0, 0.1])
    both = draw_discs(x, y, SHIPPED)
    one, two = (draw_discs(x[i : i + 1], y[i : i + 1], SHIPPED) for i in (0, 1))
    np.testing.assert_array_equal(both, np.maximum(one, two))
    assert ((one > 0) & (two > 0)).any()


def test_domes_of_neighbours_keep_two_summits():
    apart = 0.5  # deg, less than two radii of 0.625
    x, y = np.array([apart / 2, -apart / 2]), np.zeros(2)
    dome = draw_discs(x, y, SHIPPED)[MASK_PIXELS // 2]
    flat = draw_discs(x, y, Recipe())[MASK_PIXELS // 2]
    middle = MASK_PIXELS // 2
    assert dome[middle] < dome.max() - 0.05
    assert flat[middle] == flat.max() == 1


@pytest.mark.parametrize("place", [(5.2, 0.0), (0.0, -5.2), (-5.2, 5.2)])
def test_a_source_outside_draws_what_reaches_in(place):
    x, y = place
    mask = draw_discs(np.array([x]), np.array([y]), Recipe())
    np.testing.assert_array_equal(mask, away(x, y) <= 8.0)
    assert mask.any()


def test_a_source_further_out_draws_nothing():
    beyond = 5 + 8.6 * MASK_DEGREES
    places = (
        np.array([beyond, -beyond, 0, 0, 40.0]),
        np.array([0, 0, beyond, -beyond, 0]),
    )
    assert not draw_discs(*places, Recipe()).any()
    none = np.zeros(0)
    assert draw_discs(none, none, Recipe()).shape == (MASK_PIXELS, MASK_PIXELS)


def test_the_test_statistic_adds_over_the_bands():
    recipe = Recipe(disc_test_statistic=25.0)
    statistic = np.array([[9.0, 16.0, 0.2, 0, 0], [9.0, 15.9, 0, 0, 0]])
    assert visible(statistic, ALL, depth=1.0, recipe=recipe).tolist() == [True, False]


def test_a_band_that_is_missing_shows_nothing():
    statistic = np.array([[81.0, 1.0, 1.0, 1.0, 1.0]])
    present = np.array([False, True, True, True, True])
    assert visible(statistic, ALL, depth=1.0, recipe=Recipe()).all()
    assert not visible(statistic, present, depth=1.0, recipe=Recipe()).any()


def test_the_test_statistic_grows_with_the_depth():
    statistic = np.array([[64.0, 0, 0, 0, 0]])
    seen = [
        visible(statistic, ALL, depth=depth, recipe=Recipe()).item()
        for depth in (0.24, 0.26)  # 16 is the limit
    ]
    assert seen == [False, True]
