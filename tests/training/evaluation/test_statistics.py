"""Statistics of classifiers and of shares, against numbers that are known."""

from __future__ import annotations

import numpy as np
import pytest

from amphitrite_training.evaluation import statistics
from amphitrite_training.evaluation.matching import Share


def test_the_curve_runs_from_nothing_to_all():
    p, fake = np.array([0.1, 0.2, 0.8]), np.array([False, True, True])
    kept_fake, kept_real = statistics.roc(p, fake)
    np.testing.assert_allclose(kept_fake, [0, 0, 0.5, 1])
    np.testing.assert_allclose(kept_real, [0, 1, 1, 1])


def test_probabilities_that_hold_have_no_error():
    rng = np.random.default_rng(5)
    p = rng.uniform(0, 1, 50_000)
    fake = rng.random(50_000) < p
    assert statistics.expected_calibration_error(p, fake) < 0.01
    assert statistics.expected_calibration_error(p**3, fake) > 0.1
    for each in statistics.reliability(p, fake):
        assert each["fake"] / each["n"] == pytest.approx(each["mean"], abs=0.04)


def test_blocks_that_stand_and_fall_together_widen_the_interval():
    values = np.repeat(np.random.default_rng(2).normal(size=50), 20)
    together, alone = (
        statistics.interval(lambda i: float(values[i].mean()), block)
        for block in (np.repeat(np.arange(50), 20), np.arange(1_000))
    )
    ratio = (together["high"] - together["low"]) / (alone["high"] - alone["low"])
    assert ratio == pytest.approx(np.sqrt(20), rel=0.3)


@pytest.mark.parametrize("hit", [True, False])
def test_a_share_without_a_failure_or_a_success_has_wilson_s_interval(hit):
    found = statistics.share(np.full(36, hit), np.arange(36))
    assert found["value"] == hit
    assert (found["low"], found["high"]) == Share(36 * hit, 36).interval
    assert found["high"] - found["low"] > 0.09


def test_a_share_of_blocks_of_one_fate_has_their_interval():
    hits, blocks = np.repeat(np.arange(20) % 5 > 0, 20), np.repeat(np.arange(20), 20)
    found = statistics.share(hits, blocks)
    resampled = statistics.interval(lambda i: float(hits[i].mean()), blocks)
    wilson = Share(320, 400).interval
    assert found == resampled
    assert found["low"] < wilson[0]
    assert found["high"] > wilson[1]


def test_the_hull_takes_each_end_from_the_wider():
    counted = Share(50, 100)
    low, high = counted.interval
    assert statistics.with_wilson((0.1, 0.5), counted) == (0.1, high)
    assert statistics.with_wilson((0.5, 0.9), counted) == (low, 0.9)


def test_the_share_of_nothing_is_unknown():
    nothing = statistics.share(np.zeros(0, bool), np.zeros(0, int))
    assert set(nothing.values()) == {None}
