"""Clusters are drawn as stated, and the same ones each time."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pytest

from amphitrite_training.surveys.darkcnn.simulate.cosmology import lookback_gyr
from amphitrite_training.surveys.darkcnn.simulate.population import (
    LOG_MASS_RANGE,
    YOUNGEST_GYR,
    Population,
    draw,
    median_concentration,
    random_cross_sections,
)


@pytest.fixture(scope="module")
def many():
    return [draw(number) for number in range(600)]


def test_the_same_number_is_the_same_cluster():
    first, second, other = draw(7), draw(7), draw(8)
    for each in fields(first):
        if each.name not in ("body", "subhaloes", "texture"):
            assert getattr(first, each.name) == getattr(second, each.name)
    np.testing.assert_array_equal(first.texture, second.texture)
    np.testing.assert_array_equal(first.body.rotation, second.body.rotation)
    np.testing.assert_array_equal(first.subhaloes.mass, second.subhaloes.mass)
    assert first.mass != other.mass


def test_redshifts_and_masses(many):
    redshifts = np.array([each.redshift for each in many])
    masses = np.log10([each.mass for each in many])
    # 4 sigma of 600 numbers spread evenly over 0.5
    assert redshifts.mean() == pytest.approx(0.25, abs=0.024)
    assert 0 < redshifts.min() < 0.01
    assert 0.49 < redshifts.max() < 0.5
    assert LOG_MASS_RANGE[0] <= masses.min() < masses.max() <= LOG_MASS_RANGE[1]
    near, far = redshifts < 0.15, redshifts > 0.35
    # the peak falls by 0.45 for a redshift of 1: 0.16 between the means of the two
    assert masses[near].mean() - masses[far].mean() == pytest.approx(0.155, abs=0.08)
    assert np.median(masses[near]) == pytest.approx(14.6, abs=0.06)


def test_concentrations(many):
    assert median_concentration(2e12 / 0.7, 0.0) == pytest.approx(5.71)
    assert median_concentration(2e12 / 0.7, 1.0) == pytest.approx(5.71 * 2**-0.47)
    ratio = np.log10(
        [
            each.concentration / median_concentration(each.mass, each.redshift)
            for each in many
        ]
    )
    # 4 sigma of 600; the ends of the range cut a little
    assert np.mean(ratio) == pytest.approx(0, abs=0.025)
    assert np.std(ratio) == pytest.approx(0.15, abs=0.02)


def test_ages(many):
    """Older at lower redshift, for the concentrated and for the relaxed."""
    expected = np.array([7 - lookback_gyr(each.redshift) for each in many])
    ages = np.array([each.age_gyr for each in many])
    relaxed = np.array([each.relaxed for each in many])
    dex = np.log10(ages / expected)
    early = np.log10(
        [
            each.concentration / median_concentration(each.mass, each.redshift)
            for each in many
        ]
    )
    assert ages.min() >= YOUNGEST_GYR
    # 4 sigma of about 300 each, 0.17 dex
    assert np.median(dex[relaxed]) == pytest.approx(0, abs=0.05)
    assert np.median(dex[~relaxed]) == pytest.approx(np.log10(0.8), abs=0.06)
    assert np.std(dex[relaxed]) == pytest.approx(0.17, abs=0.03)
    assert np.corrcoef(dex[relaxed], early[relaxed])[0, 1] > 0.5
    assert relaxed.mean() == pytest.approx(0.6, abs=0.08)


def test_shapes(many):
    short = np.array([each.body.short for each in many])
    middle = np.array([each.body.middle for each in many])
    assert short.mean() == pytest.approx(0.52, abs=0.02)
    assert ((short <= middle) & (middle <= 1)).all()
    long_axes = np.array([each.body.rotation[:, 0] for each in many])
    # a direction is as often along one axis as along another: 4 sigma
    np.testing.assert_allclose((long_axes**2).mean(0), 1 / 3, atol=0.05)
    np.testing.assert_allclose(
        [each.body.rotation @ each.body.rotation.T for each in many[:5]],
        [np.eye(3)] * 5,
        atol=1e-12,
    )


@pytest.mark.parametrize(
    ("other", "changed"),
    [
        ({"ages": 1.3}, {"age_gyr"}),
        ({"concentration_dex": 0.2}, {"concentration", "halo"}),
        ({"galaxy_dex": 0.15}, {"galaxy"}),
        ({"feedback": 2.0}, {"gas", "galaxy"}),
        ({"subhalo_size": 1.0}, {"subhaloes"}),
        ({"baryons_shrink": False}, {"baryons_shrink"}),
    ],
)
def test_another_population_changes_one_thing(other, changed):
    plain, found = draw(11), draw(11, replace(Population(), **other))
    differ = {
        each.name
        for each in fields(plain)
        if repr(getattr(plain, each.name)) != repr(getattr(found, each.name))
    }
    assert differ == changed


def test_a_population_may_lie_at_one_redshift():
    assert draw(3, Population(redshift=(0.2, 0.2))).redshift == pytest.approx(0.2)


def test_random_cross_sections_are_even_in_their_logarithm():
    drawn = np.concatenate([random_cross_sections(number, 4) for number in range(500)])
    # 4 sigma of 2000
    assert np.mean(drawn == 0) == pytest.approx(0.08, abs=0.025)
    some = drawn[drawn > 0]
    assert 0.01 <= some.min() < some.max() <= 2
    assert np.median(some) == pytest.approx(np.sqrt(0.02), rel=0.2)
    np.testing.assert_array_equal(
        random_cross_sections(3, 2), random_cross_sections(3, 2)
    )
