"""Sources at their own distance are as loud as they are."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from amphitrite.surveys.emri.prepare.whitening import signal_to_noise
from amphitrite_training.surveys.emri.groups import (
    SETTINGS,
    STAND_IN,
    Sources,
)
from amphitrite_training.surveys.emri.segments import Noise, Seen
from amphitrite_training.surveys.emri.simulate.inspirals import (
    Population,
    distance,
    draw,
)
from amphitrite_training.surveys.emri.simulate.orbits import orbit
from amphitrite_training.surveys.emri.simulate.waveforms import STRAIN_UNIT, strain

HEAVY = Population(log_mass=(6.0, 6.0), spin=(0.98, 0.98))
NEAR = Sources(population=HEAVY, redshift=(0.1, 0.1))


def test_the_ratio_is_that_of_the_strain():
    signal, ratio = NEAR.signal(np.random.default_rng(11))
    assert np.sqrt(np.mean(signal**2)) == pytest.approx(1, rel=1e-5)
    rng = np.random.default_rng(11)
    assert rng.uniform(0.1, 0.1) == 0.1
    inspiral = draw(rng, Population(log_mass=(6, 6), spin=(0.98, 0.98), redshift=0.1))
    untapered = signal_to_noise(strain(inspiral, orbit(inspiral)) / STRAIN_UNIT)
    # the ramps take away a part of the first and last half per cent
    assert 0.95 * untapered < ratio < untapered


def test_twice_as_far_is_half_as_loud(monkeypatch):
    module = "amphitrite_training.surveys.emri.simulate.inspirals.distance"
    _, near = NEAR.signal(np.random.default_rng(11))
    monkeypatch.setattr(module, lambda redshift: 2 * distance(redshift))
    _, far = NEAR.signal(np.random.default_rng(11))
    assert far == pytest.approx(near / 2, rel=1e-5)


def test_faint_sources_are_drawn_again():
    ratios = [NEAR.signal(np.random.default_rng(seed))[1] for seed in range(3)]
    least = sorted(ratios)[1]
    picky = Sources(population=HEAVY, redshift=(0.1, 0.1), least=least)
    seed = ratios.index(min(ratios))
    _, ratio = picky.signal(np.random.default_rng(seed))
    assert ratio > least > ratios[seed]
    # one that is loud enough stays
    seed = ratios.index(max(ratios))
    assert picky.signal(np.random.default_rng(seed))[1] == ratios[seed]


def test_segments_have_the_signal_of_their_seed():
    noise = Noise(5, 2, 1)
    made = Seen(noise, NEAR, 9).made()
    signal, ratio = NEAR.signal(np.random.default_rng(11))
    np.testing.assert_array_equal(made.ratios, [ratio])
    added = (made.strain - noise.strain())[0].astype(float)
    assert np.sqrt((added**2).sum()) == pytest.approx(ratio, rel=1e-3)
    assert np.sum(added * signal) / np.sqrt(np.sum(signal.astype(float) ** 2)) == (
        pytest.approx(ratio, rel=1e-3)
    )


def test_the_points_are_those_of_the_paper():
    assert Counter(setting.group for setting in SETTINGS) == {5: 21, 6: 12, 7: 9}
    assert {each.log_mass for each in SETTINGS if each.group == 5} == {
        *(4.0, 4.5, 5.0, 5.5, 6.0, 6.5, 7.0)
    }
    assert {each.spin for each in SETTINGS if each.group == 6} == {
        *(0.0, 0.2, 0.4, 0.6, 0.8, 0.98)
    }
    assert {each.redshift for each in SETTINGS if each.group == 6} == {0.2, 0.3}
    sources = SETTINGS[0].sources
    assert sources.population.log_mass == (4.0, 4.0)
    assert sources.population.spin == (0.98, 0.98)
    assert sources.redshift == (0.1, 0.1)
    assert sources.least == 0 < STAND_IN.least
