"""A map of all mass is refused where it can be that of no cluster."""

from __future__ import annotations

import math

import numpy as np
import pytest

from amphitrite.errors import BadInput
from amphitrite.surveys.darkcnn.page import DENSITY
from amphitrite.surveys.darkcnn.prepare.masses import (
    aperture_mean,
    check_total,
    mass_within,
)


def test_the_mean_within_400_kpc():
    values = np.full((100, 100), 2.0)
    values[:28] = values[72:] = 99  # rows 430 kpc and more from the middle
    assert aperture_mean(values) == 2


def test_the_mass_of_a_round_cluster(cluster, density):
    """2 pi S c^2 (sqrt(1 + R^2 / c^2) - 1) with S of 2e9 Msun/kpc2 and c of 60 kpc."""
    by_hand = 2 * math.pi * 2e9 * 60**2 * (math.hypot(1, 400 / 60) - 1)
    mean = aperture_mean(density()) / DENSITY
    found = mass_within(mean, cluster(), relative=False)
    # Pixels of 20 kpc have corners on both sides of the circle, and of a core of 60.
    assert found == pytest.approx(by_hand, rel=0.02)


def test_a_map_over_its_maximum_has_no_mass(cluster):
    assert math.isnan(mass_within(0.2, cluster(), relative=True))


@pytest.mark.parametrize("mean", [0.0, -0.1, math.nan])
def test_a_negative_mass_is_refused(cluster, mean):
    for relative in (False, True):
        with pytest.raises(
            BadInput, match="the mass of A1 within 400 kpc is not above"
        ):
            mass_within(mean, cluster(), relative=relative)


@pytest.mark.parametrize("factor", [1e-6, 1e6])
def test_a_wrong_unit_shows_in_the_mass(cluster, factor):
    """Msun/Mpc2 for Msun/kpc2, and the other way round."""
    with pytest.raises(
        BadInput, match="if its map is in 'Msun/kpc2', and clusters have"
    ):
        mass_within(0.2 * factor, cluster(), relative=False)


@pytest.mark.parametrize(
    ("values", "relative", "said"),
    [
        (np.full((100, 100), np.nan), False, "is NaN throughout, or masked"),
        (np.zeros((100, 100)), False, "is 0 throughout, which is no cluster"),
        (np.full((100, 100), 3.0), False, "is 3 throughout"),
        (
            np.eye(100) * 1.5,
            True,
            "over its maximum, but its maximum is 1.5; state its",
        ),
        (np.eye(100) * 0.1, True, "but its maximum is 0.1"),
    ],
)
def test_an_empty_map_and_one_that_is_not_as_said(cluster, values, relative, said):
    with pytest.raises(BadInput, match=said):
        check_total(cluster({"total": values}), relative=relative)


def test_noise_below_zero_is_allowed(cluster, density):
    noise = 9e8 * np.random.default_rng(1).normal(size=(100, 100))
    values = density() + noise
    assert values.min() < 0
    check_total(cluster({"total": values}), relative=False)
    assert (
        mass_within(aperture_mean(values) / DENSITY, cluster(), relative=False) > 1e14
    )
