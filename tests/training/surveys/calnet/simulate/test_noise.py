"""How much noise there is, and of what kind."""

from __future__ import annotations

import doctest

import numpy as np
import pytest

from amphitrite_training.surveys.calnet.simulate import noise
from amphitrite_training.surveys.calnet.simulate.sector import observe


@pytest.mark.parametrize(
    ("tmag", "hourly_ppm"), [(6, 64), (8, 94), (10, 203), (12, 595), (14, 2285)]
)
def test_the_photon_noise_is_the_mission_s(tmag, hourly_ppm):
    # the polynomial's values, rounded to whole ppm
    found = noise.photon_noise(tmag) * 1e6 / 30**0.5
    assert found == pytest.approx(hourly_ppm, abs=0.5)


def test_very_bright_stars_have_the_noise_of_the_limit():
    assert noise.photon_noise(2) == noise.photon_noise(4.978)


def test_the_zero_point_is_one_electron():
    assert noise.electrons(20.44) == 1
    assert noise.electrons(10.44) == pytest.approx(1e4)


@pytest.mark.parametrize("days", [0.05, 1.0])
def test_red_noise_has_its_amplitude_and_memory(days):
    time = np.arange(0, 400 * days, 0.02 * days)
    drawn = noise.red_noise(np.random.default_rng(1), time, days=days, amplitude=3e-4)
    # some 200 independent stretches
    assert drawn.std() == pytest.approx(3e-4, rel=0.15)
    later = drawn[50:] - drawn.mean()
    correlation = (later * (drawn[:-50] - drawn.mean())).mean() / drawn.var()
    assert correlation == pytest.approx(np.exp(-1), abs=0.15)


@pytest.mark.parametrize("sigma", [1e-4, 1e-2])
def test_most_cadences_have_the_photon_noise(sigma):
    spreads = []
    for seed in range(30):
        rng = np.random.default_rng(seed)
        drawn = noise.white(rng, observe(rng), sigma=sigma)
        low, high = np.quantile(drawn, [0.159, 0.841])
        spreads.append((high - low) / 2)
    # episodes widen the middle of the distribution by a few per cent
    assert np.median(spreads) == pytest.approx(sigma, rel=0.05)


def test_drifts_are_slow_and_larger_on_a_rough_star():
    rng = np.random.default_rng(2)
    cadences = observe(rng)
    drift = noise.drifts(rng, cadences, sigma=1e-3)
    assert np.isfinite(drift).all()
    within = np.diff(drift)[~np.isin(np.arange(1, len(drift)), _edges(cadences))]
    assert np.median(np.abs(within)) < 0.02 * np.ptp(drift)
    none, once, twice = (
        noise.measure(np.random.default_rng(5), cadences, sigma=1e-3, roughness=factor)
        for factor in (0.0, 1.0, 2.0)
    )
    # rounding of sums
    np.testing.assert_allclose(twice - none, 2 * (once - none), atol=1e-12)
    assert np.std(once - none) > 0


def _edges(cadences):
    events = [*cadences.starts, *cadences.dumps]
    index = np.searchsorted(cadences.time, events)
    return np.concatenate([index - 1, index, index + 1])


def test_dump_excursions_lie_near_dumps():
    rng = np.random.default_rng(3)
    cadences = observe(rng)
    drawn = noise._around_dumps(rng, cadences, 1e-3)
    assert drawn.any()
    apart = np.abs(cadences.time[drawn != 0][:, None] - cadences.dumps).min(axis=1)
    assert apart.max() < 0.04  # 0.02 d early or late, and a dozen cadences


def test_jitter_is_an_episode():
    time = np.arange(0, 25, 2 / 1440)
    drawn = noise._jitter(np.random.default_rng(8), time, 1e-3)
    assert drawn.any()
    assert (drawn == 0).mean() > 0.3


def test_the_example_in_the_docstring_runs():
    outcome = doctest.testmod(noise)
    assert outcome.attempted
    assert not outcome.failed
