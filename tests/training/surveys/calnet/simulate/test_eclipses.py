"""The renderer of spheres against what is known exactly."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from amphitrite_training.surveys.calnet.simulate.eclipses import (
    Orbit,
    blocked,
    light_curve,
    true_anomaly,
)

EDGE_ON = Orbit(
    period=2.0,
    epoch=0.7,
    radius1=0.15,
    radius2=0.05,
    brightness=0.4,
    inclination=math.pi / 2,
)
TIME = np.linspace(0, 6, 12_001)


def lens(d, k):
    """Return the overlap of discs of radius 1 and k, over the first one's area."""
    one = math.acos((d * d + 1 - k * k) / (2 * d))
    two = k * k * math.acos((d * d + k * k - 1) / (2 * d * k))
    three = math.sqrt((1 + k - d) * (d + k - 1) * (d + 1 - k) * (d + 1 + k)) / 2
    return (one + two - three) / math.pi


@pytest.mark.parametrize("ratio", [0.1, 0.5, 1.0, 1.6])
def test_uniform_discs_overlap_as_a_lens(ratio):
    distance = np.linspace(abs(1 - ratio) + 1e-3, 1 + ratio - 1e-3, 50)
    found = blocked(distance, ratio, limb1=0, limb2=0)
    # the quadrature's own error
    np.testing.assert_allclose(found, [lens(d, ratio) for d in distance], atol=2e-5)


@pytest.mark.parametrize("ratio", [0.2, 0.9, 1.0, 2.5])
def test_a_disc_outside_blocks_nothing_and_a_larger_one_all(ratio):
    light = {"limb1": 0.4, "limb2": 0.3}
    assert not blocked([1 + ratio, 2 + ratio], ratio, **light).any()
    within = blocked([0.0], ratio, **light)[0]
    if ratio >= 1:
        assert within == pytest.approx(1, abs=1e-12)
    else:
        assert ratio**2 < within < 1  # the middle is brighter than the mean


@pytest.mark.parametrize("ratio", [0.05, 0.4, 1.0, 1.7])
@pytest.mark.parametrize("limb", [(0.0, 0.0), (0.6, 0.0), (0.3, 0.4)])
def test_what_is_blocked_anywhere_adds_up_to_the_disc(ratio, limb):
    """Whatever the limb darkening, each bit of light is hidden from an area k^2."""
    distance = np.linspace(0, 1 + ratio, 6_001)
    share = blocked(distance, ratio, limb1=limb[0], limb2=limb[1])
    total = np.trapezoid(share * 2 * distance, distance)
    assert total == pytest.approx(ratio**2, rel=1e-5)


@pytest.mark.parametrize("distance", [0.0, 0.3, 0.7, 0.9])
def test_a_small_planet_blocks_its_area_times_the_local_brightness(distance):
    """Mandel & Agol 2002, section 5: the limit of a small planet."""
    k, u1, u2 = 0.01, 0.35, 0.25
    mu = math.sqrt(1 - distance**2)
    local = 1 - u1 * (1 - mu) - u2 * (1 - mu) ** 2
    expected = k * k * local / (1 - u1 / 3 - u2 / 6)
    found = blocked([distance], k, limb1=u1, limb2=u2)[0]
    # the brightness is not even across the planet: of second order in k / (1 - d)
    assert found == pytest.approx(expected, rel=0.01)


def test_a_total_eclipse_of_uniform_stars_has_their_share_of_the_light():
    flux = light_curve(TIME, replace(EDGE_ON, limb1=0, limb2=0))
    light2 = 0.05**2 * 0.4 / (0.15**2 + 0.05**2 * 0.4)
    primary, secondary = flux[np.searchsorted(TIME, [0.7, 1.7])]
    assert primary == pytest.approx(1 - (1 - light2) * (0.05 / 0.15) ** 2, abs=2e-5)
    assert secondary == pytest.approx(1 - light2, abs=2e-5)
    assert flux.max() == 1


def test_a_round_orbit_repeats_and_is_symmetric():
    orbit = replace(EDGE_ON, inclination=1.5, mass_ratio=0.7, albedo=0.5)
    offset = np.linspace(0, 1, 500)
    after = light_curve(orbit.epoch + offset, orbit)
    # the same sums but for rounding
    np.testing.assert_allclose(after, light_curve(orbit.epoch - offset, orbit), 1e-9)
    np.testing.assert_allclose(
        after, light_curve(orbit.epoch + 4 + offset, orbit), 1e-9
    )


def test_the_eclipse_lasts_as_long_as_geometry_says():
    flux = light_curve(TIME, EDGE_ON)
    near = np.abs(TIME - EDGE_ON.epoch) < 0.5
    half = np.abs(TIME[near & (flux < 1)] - EDGE_ON.epoch).max()
    expected = EDGE_ON.period * math.asin(0.2) / (2 * math.pi)
    assert half == pytest.approx(expected, abs=2 * (TIME[1] - TIME[0]))


def test_stars_that_miss_each_other_do_not_eclipse():
    passing = replace(EDGE_ON, inclination=math.acos(0.21))
    np.testing.assert_array_equal(light_curve(TIME, passing), 1.0)


@pytest.mark.parametrize("omega", [0.0, 1.0, 4.0])
def test_an_eccentric_orbit_keeps_its_epoch_and_moves_the_other_eclipse(omega):
    e = 0.3
    flux = light_curve(TIME, replace(EDGE_ON, eccentricity=e, omega=omega))
    near = np.abs(TIME - EDGE_ON.epoch) < 0.2
    middle = TIME[near][flux[near] < flux[near].min() + 1e-5].mean()
    assert middle == pytest.approx(EDGE_ON.epoch, abs=1e-3)
    between = (TIME > 0.95) & (TIME < 2.45)
    other = TIME[between][flux[between] < flux[between].min() + 1e-6].mean()
    # to first order, Sterne 1940, PNAS 26, 36; e^3 terms are 3 % of it
    shift = (other - EDGE_ON.epoch) / EDGE_ON.period - 0.5
    assert shift == pytest.approx(2 * e * math.cos(omega) / math.pi, abs=0.03)


def test_kepler_s_equation_is_solved():
    mean = np.linspace(-7, 20, 301)
    for e in (0.1, 0.5, 0.8):
        nu = true_anomaly(mean, e)
        eccentric = 2 * np.arctan(math.sqrt((1 - e) / (1 + e)) * np.tan(nu / 2))
        back = eccentric - e * np.sin(eccentric)
        np.testing.assert_allclose(np.cos(back), np.cos(mean), atol=1e-9)
        assert np.abs(nu - mean).max() < np.pi


def test_distortion_has_two_humps_and_irradiation_one():
    passing = replace(EDGE_ON, inclination=1.2)
    phase = (TIME - passing.epoch) / passing.period * 2 * np.pi
    for changed, harmonic in (({"mass_ratio": 1.0}, 2), ({"albedo": 1.0}, 1)):
        flux = light_curve(TIME[:-1], replace(passing, **changed))
        power = [abs((flux * np.exp(1j * n * phase[:-1])).mean()) for n in (1, 2, 3)]
        assert np.argmax(power) + 1 == harmonic
        assert power[harmonic - 1] > 10 * power[2]


def test_batman_agrees():
    batman = pytest.importorskip("batman", reason="batman is not installed")
    ratio, scale, u = 0.1, 8.0, [0.35, 0.22]
    planet = batman.TransitParams()
    planet.t0, planet.per, planet.rp, planet.a = 1.0, 3.0, ratio, scale
    planet.inc, planet.ecc, planet.w = 87.0, 0.2, 60.0
    planet.u, planet.limb_dark = u, "quadratic"
    time = np.linspace(0.8, 1.2, 2_000)
    theirs = batman.TransitModel(planet, time).light_curve(planet)
    ours = light_curve(
        time,
        Orbit(
            period=3.0,
            epoch=1.0,
            radius1=1 / scale,
            radius2=ratio / scale,
            brightness=1e-9,
            inclination=math.radians(87),
            eccentricity=0.2,
            omega=math.radians(60),
            limb1=u[0],
            limb2=u[1],
        ),
    )
    np.testing.assert_allclose(ours, theirs, atol=2e-5)  # the quadrature and the table
