"""Inspirals are drawn as their population says."""

from __future__ import annotations

import math

import numpy as np
import pytest

from amphitrite_training.surveys.emri.simulate.inspirals import (
    Population,
    draw,
    last_stable_frequency,
)


@pytest.fixture(scope="module")
def drawn():
    rng = np.random.default_rng(4)
    return [draw(rng) for _ in range(2000)]


def test_the_last_stable_orbit_is_that_of_schwarzschild():
    """4.397 kHz of gravitational waves for a solar mass, two for each orbit."""
    assert last_stable_frequency(1e6, 0.0) == pytest.approx(4397e-6 / 2, rel=1e-3)
    assert last_stable_frequency(1e6, 0.2) < last_stable_frequency(1e6, 0.0)


def test_parameters_fill_their_ranges(drawn):
    masses = np.log10([inspiral.mass for inspiral in drawn])
    assert 4 < masses.min() < 4.05
    assert 6.95 < masses.max() < 7
    # uniform: the mean of 2000 is known to 3 / sqrt(12 * 2000) = 0.02
    assert masses.mean() == pytest.approx(5.5, abs=0.08)
    spins = [inspiral.spin for inspiral in drawn]
    assert 0 < min(spins) < max(spins) < 0.98


def test_directions_are_isotropic(drawn):
    for name in ("source_theta", "spin_theta", "inclination"):
        cosine = np.cos([getattr(inspiral, name) for inspiral in drawn])
        assert cosine.mean() == pytest.approx(0, abs=0.05)
        assert cosine.var() == pytest.approx(1 / 3, abs=0.03)


def test_half_of_those_that_plunge_do_so_after_the_segment(drawn):
    plunging = [
        inspiral
        for inspiral in drawn
        if inspiral.frequency
        == last_stable_frequency(inspiral.mass, inspiral.eccentricity)
    ]
    later = np.array([inspiral.later for inspiral in plunging])
    assert (later > 0).mean() == pytest.approx(0.5, abs=0.06)
    assert later.max() < 180 * 86_400
    assert later[later > 0].mean() == pytest.approx(90 * 86_400, rel=0.1)


def test_light_black_holes_end_in_the_band(drawn):
    """Below some 3e5 solar masses the last stable orbit lies above 8 mHz."""
    light = [inspiral for inspiral in drawn if inspiral.mass < 2e5]
    assert light
    assert all(2e-3 <= inspiral.frequency <= 8e-3 for inspiral in light)
    assert all(inspiral.later == 0 for inspiral in light)


def test_redshift_makes_masses_larger_and_puts_them_far_away():
    """The distance integrates the expansion: H0 67.66 km/s/Mpc, matter 0.311."""
    population = Population(log_mass=(6, 6), redshift=0.2, early=0)
    inspiral = draw(np.random.default_rng(1), population)
    assert inspiral.mass == pytest.approx(1.2e6)
    assert inspiral.compact_mass == pytest.approx(12)
    z = np.linspace(0, 0.2, 1001)
    mean = np.mean(1 / np.sqrt(0.3111 * (1 + z) ** 3 + 0.6889))
    expected = 1.2 * 0.2 * 299_792.458 / 67.66 * mean / 1000
    assert inspiral.distance == pytest.approx(expected, rel=1e-3)
    assert inspiral.frequency == last_stable_frequency(1.2e6, inspiral.eccentricity)
    assert draw(np.random.default_rng(1)).distance == 1


def test_a_population_of_one_mass_and_spin():
    population = Population(log_mass=(6, 6), spin=(0.98, 0.98), early=0)
    inspiral = draw(np.random.default_rng(1), population)
    assert inspiral.mass == pytest.approx(1e6)
    assert inspiral.spin == 0.98
    assert inspiral.later == 0
    assert 0 <= inspiral.node < 2 * math.pi
