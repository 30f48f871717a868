"""Gas and central galaxies."""

from __future__ import annotations

import numpy as np
import pytest

from amphitrite_training.surveys.darkcnn.simulate.baryons import (
    draw_galaxy,
    draw_gas,
    within,
)

MASS = 4e14


def gas(seed, relaxed=True, feedback=0.0):
    return draw_gas(np.random.default_rng(seed), MASS, relaxed, feedback)


def galaxy(seed, feedback=0.0, heavier=0.0, mass=MASS):
    return draw_galaxy(np.random.default_rng(seed), mass, feedback, heavier)


def test_feedback_moves_gas_and_galaxy():
    plain, strong = gas(1), gas(1, feedback=1.0)
    assert strong.share == pytest.approx(0.9 * plain.share)
    assert strong.core_kpc == pytest.approx(1.15 * plain.core_kpc)
    assert strong.cool == pytest.approx(0.6 * plain.cool)
    assert galaxy(1, 1.0).mass == pytest.approx(10**-0.06 * galaxy(1).mass)


def test_relaxed_clusters_have_small_and_cool_cores_at_the_galaxy():
    relaxed = [gas(seed) for seed in range(300)]
    others = [gas(seed, relaxed=False) for seed in range(300)]
    assert all(60 < each.core_kpc < 130 for each in relaxed)
    assert all(110 < each.core_kpc < 260 for each in others)
    assert max(each.cool for each in others) < 0.3 < max(each.cool for each in relaxed)
    scatter = [np.std([each.offset_kpc for each in some]) for some in (relaxed, others)]
    # 5 sigma of 600 numbers
    assert scatter == pytest.approx([12, 55], rel=0.15)


def test_medians():
    many = [galaxy(seed) for seed in range(1000)]
    masses = np.log10([each.mass for each in many])
    # 4 sigma of 1000
    assert np.mean(masses) == pytest.approx(11.95, abs=0.02)
    assert np.std(masses) == pytest.approx(0.15, abs=0.015)
    assert np.median([each.scale_kpc for each in many]) == pytest.approx(22, rel=0.05)
    assert np.median([gas(seed).share for seed in range(1000)]) == pytest.approx(
        0.12, rel=0.02
    )
    assert galaxy(5, mass=10 * MASS).mass == pytest.approx(10**0.4 * galaxy(5).mass)


def test_heavier_galaxies_are_the_same_ones():
    plain, heavy = galaxy(3), galaxy(3, heavier=0.15)
    assert heavy.mass == pytest.approx(10**0.15 * plain.mass)
    assert heavy.centre_kpc == plain.centre_kpc
    assert max(map(abs, plain.centre_kpc)) < 10


def test_a_range_has_two_ends():
    assert [within(value, 1, 2) for value in (0, 1.5, 3)] == [1, 1.5, 2]
