"""The response is that of three satellites, by their arms' tensors."""

from __future__ import annotations

import numpy as np
import pytest

from amphitrite_training.surveys.emri.simulate.response import (
    AU_SECONDS,
    FIRST_AXIS,
    NORMAL,
    ROTATION_HZ,
    SECOND_AXIS,
    YEAR_SECONDS,
    direction,
    doppler_delay,
    patterns,
)


def arms(first_deg, second_deg, rotation):
    """Return the detector's tensor of two arms, half of u u - v v."""
    u, v = (
        np.cos(angle) * FIRST_AXIS + np.sin(angle) * SECOND_AXIS
        for angle in np.radians([first_deg, second_deg]) + rotation
    )
    return (np.outer(u, u) - np.outer(v, v)) / 2


def polarisations(source, psi):
    """Return the tensors of + and x; the axis p is psi from the plane's normal."""
    right = np.cross(source, NORMAL)
    right /= np.linalg.norm(right)
    up = np.cross(right, source)
    p = np.cos(psi) * up + np.sin(psi) * right
    q = np.cross(p, source)
    return np.outer(p, p) - np.outer(q, q), np.outer(p, q) + np.outer(q, p)


@pytest.mark.parametrize("seed", range(5))
def test_the_patterns_are_those_of_arms_60_deg_apart(seed):
    """Arms at 15 and 75 deg for I; II is turned by 45 deg, which is 60 and 120."""
    rng = np.random.default_rng(seed)
    source = direction(np.arccos(rng.uniform(-1, 1)), rng.uniform(0, 2 * np.pi))
    psi, rotation = rng.uniform(0, 2 * np.pi, 2)
    found = (
        np.sqrt(3)
        / 2
        * np.array(patterns(source, rotation, np.cos(2 * psi), np.sin(2 * psi)))
    )
    detectors = arms(15, 75, rotation), arms(60, 120, rotation)
    expected = [
        [np.sum(detector * wave) for wave in polarisations(source, psi)]
        for detector in detectors
    ]
    np.testing.assert_allclose(found, expected, atol=1e-12)


def test_the_average_over_the_sky_is_3_20():
    """1/5 for arms at right angles, times 3/4: NoiseCurve's 20/3 is its inverse."""
    rng = np.random.default_rng(1)
    n = 20_000
    power = [
        patterns(
            direction(np.arccos(rng.uniform(-1, 1)), rng.uniform(0, 2 * np.pi)),
            0.0,
            np.cos(2 * (psi := rng.uniform(0, np.pi))),
            np.sin(2 * psi),
        )[0][0]
        ** 2
        for _ in range(n)
    ]
    # the spread of F^2 is about its mean, so 4 sigma are 3 %
    assert 0.75 * np.mean(power) == pytest.approx(3 / 20, rel=0.04)


def test_the_plane_faces_its_reference_source():
    longitude = np.degrees(np.arctan2(NORMAL[1], NORMAL[0]))
    assert longitude == pytest.approx(120.5)
    assert np.degrees(np.arcsin(NORMAL[2])) == pytest.approx(-4.7)
    base = np.stack([FIRST_AXIS, SECOND_AXIS, NORMAL])
    np.testing.assert_allclose(base @ base.T, np.eye(3), atol=1e-15)
    assert np.linalg.det(base) == pytest.approx(1)


def test_the_satellites_go_round_in_3_6_days():
    assert 1 / ROTATION_HZ / 86_400 == pytest.approx(3.64, abs=0.01)


def test_a_source_ahead_of_the_earth_is_heard_earlier():
    """The Earth is at longitude 0 at first, and a quarter of the way in a quarter."""
    time = np.array([0, 0.25, 0.5, 0.75]) * YEAR_SECONDS
    found = doppler_delay(direction(np.pi / 2, 0.0), time)
    np.testing.assert_allclose(found, AU_SECONDS * np.array([1, 0, -1, 0]), atol=1e-9)
    found = doppler_delay(direction(np.pi / 2, np.pi / 2), time)
    np.testing.assert_allclose(found, AU_SECONDS * np.array([0, 1, 0, -1]), atol=1e-9)
    pole = doppler_delay(direction(0.0, 0.0), time)
    np.testing.assert_allclose(pole, 0, atol=1e-9)
