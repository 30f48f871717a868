"""The renderer of lobe-filling stars against analytic limits and itself."""

from __future__ import annotations

import math

import numpy as np
import pytest

from amphitrite.errors import BadInput
from amphitrite_training.surveys.calnet.simulate import roche
from amphitrite_training.surveys.calnet.simulate.roche import Binary, render

CONTACT = Binary(mass_ratio=0.4, inclination=math.radians(80), fillout=0.2)


def eggleton(q):
    """Return the volume radius of a Roche lobe to 1 %: Eggleton 1983, ApJ 268, 368."""
    return 0.49 * q ** (2 / 3) / (0.6 * q ** (2 / 3) + math.log(1 + q ** (1 / 3)))


@pytest.mark.parametrize("q", [0.1, 0.5, 1.0])
def test_the_lagrangian_points_balance(q):
    step = 1e-5
    for x in (roche.inner_point(q), roche.outer_point(q)):
        sides = np.array([x - step, x + step])
        below, above = roche.potential(sides, np.zeros(2), np.zeros(2), q)
        assert abs(above - below) / (2 * step) < 1e-6
    assert roche.inner_point(1.0) == pytest.approx(0.5, abs=1e-9)
    # known to three decimals since Plavec & Kratochvil 1964, BAC 15, 165
    assert roche.inner_point(0.5) == pytest.approx(0.5709, abs=2e-4)


@pytest.mark.parametrize("q", [0.2, 0.6, 1.0])
def test_a_lobe_has_its_volume(q):
    neck = roche.inner_point(q)
    level = float(roche.potential(np.array(neck), np.zeros(()), np.zeros(()), q))
    lobe = roche._surface(q, level, neck, 40)
    volume = (lobe.areas * (lobe.points * lobe.normals).sum(axis=1)).sum() / 3
    radius = (3 * volume / (4 * math.pi)) ** (1 / 3)
    assert radius == pytest.approx(eggleton(1 / q), rel=0.015)  # the formula is to 1 %


def test_a_small_star_is_a_sphere():
    star = roche._surface(1.0, 20.0, 0.5, 30)
    radii = np.linalg.norm(star.points, axis=1)
    assert np.ptp(radii) < 2e-3 * radii.mean()
    # a polygon of 30 rows has a little less than a sphere's area
    assert star.areas.sum() == pytest.approx(4 * math.pi * radii.mean() ** 2, rel=3e-3)


def test_phases_are_symmetric_and_quadratures_equal():
    curve = render(CONTACT)
    np.testing.assert_array_equal(curve.flux, curve.flux[::-1])
    np.testing.assert_allclose(curve.phase, np.linspace(0, 1, 65))
    assert curve.flux.max() == 1
    assert curve.flux[16] == pytest.approx(1, abs=0.01)


def test_twins_have_equal_minima():
    twins = Binary(mass_ratio=1.0, inclination=1.4, fillout=0.1)
    curve = render(twins)
    assert curve.flux[0] == pytest.approx(curve.flux[32], abs=0.004)  # the elements'
    assert curve.hidden[0] == pytest.approx(curve.hidden[32], abs=0.004)


def test_a_hotter_star_in_front_makes_the_shallower_minimum():
    cool = Binary(mass_ratio=0.6, inclination=1.4, temperature_ratio=0.7)
    curve = render(cool)
    assert curve.flux[0] < curve.flux[32] - 0.1


@pytest.mark.parametrize(
    "binary",
    [
        CONTACT,
        Binary(mass_ratio=0.9, inclination=1.1, fillout=0.5, temperature_ratio=0.95),
        Binary(mass_ratio=0.3, inclination=1.43, filling1=0.6, temperature_ratio=0.6),
    ],
)
def test_elements_are_fine_enough(binary):
    usual, fine = render(binary), render(binary, n_rows=80)
    # the size that the simulator's documentation of scatter rests on
    assert np.abs(usual.flux - fine.flux).max() < 0.006


@pytest.mark.parametrize("q", [0.15, 0.5, 1.0])
@pytest.mark.parametrize("fillout", [0.0, 0.5])
def test_contact_binaries_have_their_amplitudes(q, fillout):
    """Rucinski 1993, PASP 105, 1433: edge on 0.3 to 1 mag, less when inclined."""
    amplitudes = []
    for degrees in (90, 70, 50):
        binary = Binary(
            mass_ratio=q, inclination=math.radians(degrees), fillout=fillout
        )
        amplitudes.append(-2.5 * math.log10(render(binary).flux.min()))
    assert 0.25 < amplitudes[0] < 1.1
    assert amplitudes == sorted(amplitudes, reverse=True)
    assert amplitudes[2] < 0.4


def test_nothing_is_hidden_of_stars_seen_from_above():
    curve = render(Binary(mass_ratio=0.5, inclination=0.2, fillout=0.3))
    assert curve.hidden.max() == 0
    assert curve.flux.min() > 0.98


def test_a_detached_total_eclipse_agrees_with_spheres():
    """Small stars are nearly round, so both renderers must give the same minimum."""
    from amphitrite_training.surveys.calnet.simulate.eclipses import Orbit, light_curve

    binary = Binary(
        mass_ratio=1.0,
        inclination=math.pi / 2,
        filling1=0.3,
        filling2=0.3,
        temperature_ratio=0.8,
    )
    radius = 0.5 * 0.3
    orbit = Orbit(
        period=1.0,
        epoch=0.0,
        radius1=radius,
        radius2=radius,
        brightness=0.8**4,
        inclination=math.pi / 2,
        limb1=0.4,
        limb2=0.2,
    )
    found = render(binary, n_rows=60)
    expected = light_curve(found.phase, orbit)
    # distortion of the third power of the radius, and the elements
    np.testing.assert_allclose(found.flux, expected / expected.max(), atol=0.015)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"mass_ratio": 1.5}, r"mass_ratio must be from 0\.01 to 1\.0; received 1\.5"),
        ({"fillout": 1.0}, r"fillout must be from 0\.0 to 0\.99; received 1\.0"),
        ({"filling2": 0.0}, r"filling2 must be from 0\.1 to 1\.0; received 0\.0"),
        (
            {"fillout": 0.3, "filling1": 0.9},
            r"fill their lobes can overfill them; received fillout 0\.3 with filling1",
        ),
    ],
)
def test_impossible_binaries_are_refused(values, message):
    with pytest.raises(BadInput, match=message):
        Binary(**{"mass_ratio": 0.5, "inclination": 1.4, **values})
