"""Gas and stars: their mass, their flux, their attributes."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from astropy.cosmology import Planck18

from amphitrite_training.surveys.darkcnn.simulate.grid import RADII_KPC
from amphitrite_training.surveys.darkcnn.simulate.observer import PIXEL_ARCMIN2
from amphitrite_training.surveys.darkcnn.simulate.shapes import Ellipsoid
from amphitrite_training.surveys.darkcnn.simulate.visible import (
    merger_stars,
    visible,
)


@pytest.fixture(scope="module")
def plain(clusters):
    """Return a round relaxed cluster alone: no merger, no subhaloes, no noise."""
    cluster = next(each for each in clusters if each.relaxed and each.merger is None)
    none = dict.fromkeys(
        ("mass", "x", "y", "distance", "brightness", "size"), np.zeros(0)
    )
    return replace(
        cluster,
        body=Ellipsoid(1.0, 1.0, np.eye(3)),
        subhaloes=replace(cluster.subhaloes, **none),
        texture=np.zeros_like(cluster.texture),
    )


def test_xrays_have_the_flux_of_the_luminosity(plain):
    distance = Planck18.luminosity_distance(0.3).to_value("cm")
    expected = plain.gas.luminosity / (4 * math.pi * distance**2)
    found = visible(plain).xray.sum() * PIXEL_ARCMIN2
    assert found == pytest.approx(expected, rel=1e-9)


def test_stars_and_gas_have_their_masses(plain):
    seen = visible(plain)
    galaxy = plain.galaxy
    within = np.interp(plain.halo.r200_kpc, RADII_KPC, seen.enclosed)
    gas = plain.gas.share * plain.mass
    # the galaxy's halo of stars has nine tenths within r200
    stars = galaxy.mass * (1 + galaxy.diffuse)
    assert within - gas == pytest.approx(stars, rel=0.12)
    # the map holds 85 % of a Hernquist profile six times as large, or more
    assert 0.8 * stars < (seen.stars - 100).sum() * 400 < stars
    # a cylinder holds more than a sphere of nearly the same radius
    sphere = plain.gas.share * plain.mass
    assert 0.6 * sphere < seen.gas.sum() * 400 < 1.6 * sphere


def test_a_cool_core_is_brighter_at_the_centre(plain):
    cool, warm = (
        visible(replace(plain, gas=replace(plain.gas, cool=value)))
        for value in (1.0, 0.0)
    )
    assert cool.xray_concentration > warm.xray_concentration
    # 1 + 3 in the very centre, over a disc of a third of the core
    assert 1.3 < cool.xray.max() / warm.xray.max() < 4
    assert cool.xray.sum() == pytest.approx(warm.xray.sum())
    np.testing.assert_array_equal(cool.gas, warm.gas)


def test_the_concentration_of_a_beta_profile(plain):
    """Within R the light is 1 - (1 + (R / core)2)^(1.5 - 3 beta)."""
    gas = replace(plain.gas, cool=0.0, offset_kpc=(0.0, 0.0))
    centred = replace(plain.galaxy, centre_kpc=(0.0, 0.0))
    found = visible(replace(plain, gas=gas, galaxy=centred)).xray_concentration

    def light(radius):
        return 1 - (1 + (radius / gas.core_kpc) ** 2) ** (1.5 - 3 * gas.slope)

    # pixels of 20 kpc within a circle of 100 kpc: their area is off by 2 %
    assert found == pytest.approx(light(100) / light(400), rel=0.03)


def test_a_round_galaxy_has_no_ellipticity(plain):
    assert visible(plain).ellipticity == pytest.approx(0, abs=1e-12)
    flat = Ellipsoid(0.7, 0.4, np.eye(3))  # the long axis along x, the middle along y
    ratio = 0.7 + 0.3 * 0.35
    found = visible(replace(plain, body=flat)).ellipticity
    expected = (1 - ratio) / (1 + ratio) * math.exp(plain.galaxy.ellipticity_error)
    assert found == pytest.approx(expected)


def test_the_galaxy_is_the_brightest_of_the_stars(plain):
    stars = visible(plain).stars
    row, column = np.unravel_index(stars.argmax(), stars.shape)
    assert {int(row), int(column)} <= {49, 50}


def test_a_merger_brings_gas_and_stars(clusters):
    merging = next(
        each
        for each in clusters
        if each.merger and math.hypot(each.merger.x, each.merger.y) < 700
    )
    alone = replace(merging, merger=None)
    seen, without = visible(merging), visible(alone)
    place = [
        int((merging.merger.y + merging.galaxy.centre_kpc[1] + 1000) // 20),
        int((merging.merger.x + merging.galaxy.centre_kpc[0] + 1000) // 20),
    ]
    assert seen.stars[*place] > 5 * without.stars[*place]
    assert (seen.stars - without.stars).sum() * 400 == pytest.approx(
        merger_stars(merging.merger.mass), rel=0.25
    )
    np.testing.assert_array_equal(seen.gas, without.gas)
    assert seen.xray.sum() == pytest.approx(without.xray.sum(), rel=0.05)
