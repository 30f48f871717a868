"""Statistics of classifiers and of shares, against numbers that are known."""

from __future__ import annotations

import numpy as np
import pytest

from amphitrite_training.evaluation import statistics
from amphitrite_training.evaluation.matching import Share

SCORE = np.array([0.99, 0.4, 0.95, np.nan, 0.1, 0.92, 0.3, np.nan])
POSITIVE = np.arange(8) < 4
EDGES = (0.0, 0.01, 0.03, 0.1, 0.3, 0.6, 1.0001)


def test_the_area_is_the_chance_to_rank_rightly():
    score = np.nan_to_num(SCORE, nan=-1)
    pairs = [(p > n) + 0.5 * (p == n) for p in score[:4] for n in score[4:]]
    area = statistics.area_under_curve(SCORE, POSITIVE)
    assert area == pytest.approx(np.mean(pairs))
    assert np.isnan(statistics.area_under_curve(SCORE[:4], POSITIVE[:4]))


def test_the_curve_rises_from_nothing_to_what_has_a_score():
    false_positives, recall = statistics.roc(SCORE, POSITIVE)
    # the scores, from the highest: 0.99 and 0.95 are positive, 0.92 is not, ...
    np.testing.assert_allclose(recall, [0, 0.25, 0.5, 0.5, 0.75, 0.75, 0.75])
    np.testing.assert_allclose(false_positives, [0, 0, 0, 0.25, 0.25, 0.5, 0.75])


def test_equal_scores_are_one_point_of_the_curve():
    curve = statistics.roc(np.full(8, 0.5), POSITIVE)
    np.testing.assert_array_equal(curve, [[0, 1], [0, 1]])


def test_the_area_is_that_under_the_curve():
    score = np.round(np.random.default_rng(4).normal(size=300), 1)
    positive = np.random.default_rng(5).random(300) < 1 / (1 + np.exp(-score))
    area = np.trapezoid(*statistics.roc(score, positive)[::-1])
    assert statistics.area_under_curve(score, positive) == pytest.approx(area)


def test_probabilities_that_hold_have_no_error():
    rng = np.random.default_rng(5)
    p = rng.uniform(0, 1, 50_000)
    true = rng.random(50_000) < p
    assert statistics.expected_calibration_error(p, true, EDGES) < 0.01
    assert statistics.expected_calibration_error(p**3, true, EDGES) > 0.1
    for each in statistics.reliability(p, true, EDGES):
        assert each.value == pytest.approx(each.mean, abs=0.04)
        assert each.counted.interval == each.interval


def test_a_weight_makes_up_for_a_sample_with_fewer_true_ones():
    """Three times as many false ones, and true ones that count for three."""
    p, true = np.array([0.2, 0.4, 0.6]), np.array([False, True, False])
    more = np.r_[p, p[~true], p[~true]], np.r_[true, true[~true], true[~true]]
    (plain,) = statistics.reliability(p, true, (0, 1))
    (weighted,) = statistics.reliability(*more, (0, 1), weight=3.0)
    assert weighted.counted == Share(1, 7 - 2 + 2)
    assert weighted.value == pytest.approx(plain.value)
    assert weighted.mean == pytest.approx(plain.mean)
    assert weighted.interval[0] < plain.value < weighted.interval[1]


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
