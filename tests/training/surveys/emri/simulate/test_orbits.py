"""Orbits follow the equations, of which the limits of weak fields are textbook."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from amphitrite.surveys.emri.sampling import SAMPLE_SECONDS
from amphitrite_training.surveys.emri.simulate.inspirals import SUN_SECONDS, Inspiral
from amphitrite_training.surveys.emri.simulate.orbits import (
    ANOMALY,
    ECCENTRICITY,
    FREQUENCY,
    NODE,
    PERICENTRE,
    orbit,
    rates,
)

M = 1e6 * SUN_SECONDS
MU = 10 * SUN_SECONDS
INSPIRAL = Inspiral(
    mass=1e6,
    spin=0.7,
    inclination=0.6,
    frequency=2e-3,
    eccentricity=0.1,
    anomaly=0.3,
    pericentre=0.5,
    node=0.7,
    source_theta=1.0,
    source_phi=2.0,
    spin_theta=0.5,
    spin_phi=3.0,
)
SLOW = 1e-8  # Hz: v^2 / c^2 is 1e-5 there


def test_a_circular_orbit_chirps_as_newton_has_it():
    """Peters 1964: f_gw' = 96/5 pi^(8/3) (chirp mass)^(5/3) f_gw^(11/3)."""
    chirp_mass = MU**0.6 * M**0.4
    expected = 96 / 5 * math.pi ** (8 / 3) * chirp_mass ** (5 / 3)
    expected *= (2 * SLOW) ** (11 / 3) / 2
    assert rates(SLOW, 0.0, M, MU, 0.0, 1.0)[1] == pytest.approx(
        expected, abs=0, rel=1e-3
    )


@pytest.mark.parametrize("e", [0.1, 0.4, 0.7])
def test_an_ellipse_shrinks_and_rounds_as_peters_has_it(e):
    """Peters 1964, equations 5.6 and 5.7, with Kepler's third law."""
    a = (M / (2 * math.pi * SLOW) ** 2) ** (1 / 3)
    shrinking = -64 / 5 * MU * M**2 / (a**3 * (1 - e**2) ** 3.5)
    shrinking *= 1 + 73 / 24 * e**2 + 37 / 96 * e**4
    rounding = -304 / 15 * e * MU * M**2 / (a**4 * (1 - e**2) ** 2.5)
    rounding *= 1 + 121 / 304 * e**2
    _, chirp, decay, _, _ = rates(SLOW, e, M, MU, 0.0, 1.0)
    # corrections are of the order of v^2 / c^2 = 1e-5, times up to 30 at e = 0.7
    assert chirp == pytest.approx(-1.5 * SLOW / a * shrinking, abs=0, rel=1e-3)
    assert decay == pytest.approx(rounding, abs=0, rel=1e-3)


def test_the_pericentre_advances_as_mercury_s():
    """Einstein: 6 pi M / (a (1 - e^2)) in each orbit."""
    e = 0.2
    a = (M / (2 * math.pi * SLOW) ** 2) ** (1 / 3)
    advance = rates(SLOW, e, M, MU, 0.0, 1.0)[3] / SLOW
    assert advance == pytest.approx(6 * math.pi * M / (a * (1 - e**2)), abs=0, rel=1e-3)


def test_the_node_is_dragged_as_lense_and_thirring_have_it():
    """2 J / (a^3 (1 - e^2)^(3/2)), and -6 J cos i / ... for the pericentre."""
    e, spin, cosine = 0.2, 0.6, 0.3
    a = (M / (2 * math.pi * SLOW) ** 2) ** (1 / 3)
    expected = 2 * spin * M**2 / (a**3 * (1 - e**2) ** 1.5)
    without = rates(SLOW, e, M, MU, 0.0, cosine)
    dragged = rates(SLOW, e, M, MU, spin, cosine)
    assert dragged[4] == pytest.approx(expected, abs=0, rel=1e-9)
    assert dragged[3] - without[3] == pytest.approx(
        -3 * cosine * expected, abs=0, rel=1e-6
    )


def test_the_orbit_ends_where_the_inspiral_says():
    found = orbit(INSPIRAL)
    assert found is not None
    end = found.state[:, -1]
    np.testing.assert_array_equal(end, [0.3, 2e-3, 0.1, 0.5, 0.7])
    assert found.state.shape == found.rate.shape == (5, 4097)
    assert found.step == 64 * SAMPLE_SECONDS


def test_rates_are_the_derivatives_of_the_state():
    """By central differences, whose error is a third derivative of a slow motion."""
    found = orbit(INSPIRAL)
    assert found is not None
    slope = (found.state[:, 2:] - found.state[:, :-2]) / (2 * found.step)
    np.testing.assert_allclose(found.rate[:, 1:-1], slope, rtol=1e-3)
    assert (found.rate[FREQUENCY] > 0).all()
    assert (found.rate[ECCENTRICITY] < 0).all()


def test_steps_are_short_enough():
    """A quarter of the step changes no phase by a thousandth of a radian."""
    coarse = orbit(INSPIRAL)
    fine = orbit(INSPIRAL, samples_per_step=16)
    assert coarse is not None
    assert fine is not None
    for row in (ANOMALY, PERICENTRE, NODE):
        np.testing.assert_allclose(
            coarse.state[row], fine.state[row, ::4], rtol=0, atol=1e-3
        )


def test_an_early_inspiral_is_the_first_part_of_a_longer_one():
    """Half of a segment later, the first half of the long orbit is the second of it."""
    n = 262_144
    whole = orbit(INSPIRAL)
    early = orbit(replace(INSPIRAL, later=n / 2 * SAMPLE_SECONDS))
    assert whole is not None
    assert early is not None
    np.testing.assert_allclose(early.state[:, 2048:], whole.state[:, :2049], rtol=1e-12)


def test_an_orbit_that_was_too_eccentric_is_none():
    assert orbit(replace(INSPIRAL, mass=1e4, frequency=2e-2, eccentricity=0.6)) is None
