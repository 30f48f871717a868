"""Groups and sheets in front of clusters and behind them."""

from __future__ import annotations

import numpy as np
import pytest

from amphitrite_training.surveys.darkcnn.simulate.line_of_sight import (
    Group,
    Surroundings,
    draw_surroundings,
    surface_density,
)


def test_a_sheet_is_flat_or_rises():
    flat = surface_density(Surroundings((), 1e6, (0.0, 0.0)))
    np.testing.assert_array_equal(flat, 1e6)
    tilted = np.log(surface_density(Surroundings((), 1e6, (0.4, -0.2))))
    np.testing.assert_allclose(np.diff(tilted, axis=1), 0.004)
    np.testing.assert_allclose(np.diff(tilted, axis=0), -0.002)


def test_a_group_has_its_mass():
    group = Group(1e13, 100.0, -200.0, 60.0)
    added = surface_density(Surroundings((group,), 1.0, (0.0, 0.0))) - 1
    # all but 7 % lies within the reach of 900 kpc, part of which is off the map
    assert added.sum() * 400 == pytest.approx(1e13, rel=0.12)


def test_three_groups_on_average():
    rng = np.random.default_rng(1)
    drawn = [draw_surroundings(rng) for _ in range(1000)]
    numbers = [len(each.groups) for each in drawn]
    # 4 sigma of 1000 Poisson numbers
    assert np.mean(numbers) == pytest.approx(3, abs=4 * (3 / 1000) ** 0.5)
    assert min(group.mass for each in drawn for group in each.groups) > 10**12.7
    sheets = np.log([each.sheet for each in drawn])
    assert np.median(sheets) == pytest.approx(np.log(1.5e6), abs=0.1)
