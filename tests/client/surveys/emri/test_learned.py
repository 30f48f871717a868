"""Thresholds are those that noise exceeds as often as asked for."""

from __future__ import annotations

import numpy as np
import pytest

from amphitrite.errors import BadInput, SpecMismatch
from amphitrite.surveys.emri.learned import Learned, NoiseRun, as_learned
from amphitrite.surveys.emri.page import MODEL


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


def test_a_run_survives_the_spec(run):
    served = MODEL.with_weights(digest="", learned=as_learned(run))
    again = Learned.of(type(served).from_json(served.to_json())).noise
    assert again.n == run.n
    # stored with five digits behind the point
    np.testing.assert_allclose(again.loudest, run.loudest, atol=5e-6)


@pytest.mark.parametrize(
    ("learned", "said"),
    [
        ({}, "does not say what was learned"),
        ({"noise_run": {"segments": 10}}, "does not say what was learned"),
        ({"noise_run": {"segments": 10, "loudest": [1, 2]}}, "do not fall"),
        ({"noise_run": {"segments": 1, "loudest": [2, 1]}}, "2 loudest of 1"),
        ({"noise_run": {"segments": 10, "loudest": []}}, "0 loudest of 10"),
    ],
)
def test_a_run_that_cannot_be_used_is_refused(learned, said):
    with pytest.raises(SpecMismatch, match=said):
        Learned.of(MODEL.with_weights(digest="", learned=learned))
