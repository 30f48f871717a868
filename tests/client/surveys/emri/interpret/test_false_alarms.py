"""Thresholds are those that noise exceeds as often as asked for."""

from __future__ import annotations

import numpy as np
import pytest

from amphitrite.errors import BadInput
from amphitrite.surveys.emri.interpret.false_alarms import NoiseRun


@pytest.fixture(scope="module")
def statistics():
    return np.random.default_rng(2).standard_normal(20_000)


@pytest.fixture(scope="module")
def run(statistics):
    return NoiseRun.of(statistics, 1000)


@pytest.mark.parametrize("probability", [0.02, 0.01, 0.0033, 0.001, 0.0005])
def test_as_much_noise_exceeds_a_threshold_as_asked_for(run, statistics, probability):
    exceeding = (statistics > run.threshold(probability)).mean()
    assert exceeding == pytest.approx(probability, abs=0, rel=1e-9)


def test_the_loudest_are_kept(run, statistics):
    assert run.n == 20_000
    assert len(run.loudest) == 1000
    assert run.loudest[0] == statistics.max()
    assert (np.diff(run.loudest) <= 0).all()


def test_too_small_a_probability_names_what_it_would_need(run):
    with pytest.raises(BadInput, match=r"of 0\.0001 needs 100,000 segments of noise"):
        run.threshold(1e-4)


def test_too_large_a_probability_is_refused(run):
    with pytest.raises(BadInput, match=r"0\.1 is too large: the 1,000 .* below 0\.05"):
        run.threshold(0.1)


def test_the_probability_of_a_statistic_is_the_share_of_louder_noise(run, statistics):
    values = np.array([statistics.max() + 1, run.loudest[9], run.loudest[99], -9.0])
    np.testing.assert_allclose(
        run.probability(values), [1 / 20_000, 10 / 20_000, 100 / 20_000, 0.05]
    )
