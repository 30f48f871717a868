"""Mocks of clusters whose score is known: the logarithm, and Gaussian scatter."""

from __future__ import annotations

import math

import numpy as np
import pytest

from amphitrite.surveys.darkcnn.learned import logarithm
from amphitrite_training.surveys.darkcnn.forecasting.mocks import (
    half_width,
    limit,
    limit_error,
    mocks,
    needed,
)
from amphitrite_training.surveys.darkcnn.forecasting.served import Answers

SCATTER = 0.3
TRUTH = 0.3
SLOPE = 1 / (math.log(10) * (TRUTH + 0.03))  # of the logarithm, per cm2/g


def answers(truth, *, seed, slope=1.0):
    rng = np.random.default_rng(seed)
    n = len(truth)
    score = slope * logarithm(truth) + rng.normal(0, SCATTER, n)
    shares = np.exp(-np.square(score[:, None] - logarithm(np.array([0.0, 0.1, 1.0]))))
    shares /= shares.sum(1, keepdims=True)
    return Answers(np.arange(n) // 2, truth, score, np.ones(n), shares)


@pytest.fixture(scope="module")
def known():
    return answers(np.random.default_rng(3).uniform(0, 2, 4000), seed=4)


@pytest.fixture(scope="module")
def pool():
    return answers(np.full(3000, TRUTH), seed=5)


def test_error_bias_and_coverage(known, pool):
    found = mocks(pool, known, 200, 100, seed=1)
    expected = SCATTER / math.sqrt(200) / SLOPE
    # the error of 100 samples is 7 %; the curve's own error adds 5 % at most
    assert np.std(found.median) == pytest.approx(expected, rel=0.3)
    width = np.mean(found.high - found.low) / 2
    assert width == pytest.approx(expected, rel=0.15)
    centre, error = limit(pool, known), limit_error(pool, known, TRUTH)
    assert abs(centre - TRUTH) < 4 * error
    assert np.mean(found.median) == pytest.approx(centre, abs=4 * expected / 10)
    inside = np.mean((found.low <= centre) & (centre <= found.high))
    # four standard deviations of 100 samples
    assert inside == pytest.approx(0.68, abs=4 * 0.047)
    assert (found.low_95 <= found.low).all()
    assert (found.high_95 >= found.high).all()


def test_the_same_seed_gives_the_same(known, pool):
    one, two = (mocks(pool, known, 50, 3, seed=7) for _ in range(2))
    np.testing.assert_array_equal(one.median, two.median)


def test_the_product_comes_to_a_class(known, pool):
    found = mocks(pool, known, 2000, 3, seed=1)
    np.testing.assert_allclose(found.product, 0.1, atol=0.02)


def test_clusters_for_a_detection(known):
    step = float(logarithm(TRUTH) - logarithm(0.0))
    # 9 s2 / d2, and a little more for the error of the curve
    assert needed(known, TRUTH) == pytest.approx(9 * (SCATTER / step) ** 2, abs=1.5)
    few = needed(known, 0.02)
    step = float(logarithm(0.02) - logarithm(0.0))
    assert few is None or few > 9 * (SCATTER / step) ** 2


def test_nothing_is_detected_that_the_calibration_cannot_tell(known):
    assert needed(known.take(np.arange(60)), 0.006) is None


def test_the_expected_width_falls_with_the_root_of_the_number(known):
    wide, narrow = half_width(known, TRUTH, 100), half_width(known, TRUTH, 400)
    assert wide == pytest.approx(SCATTER / 10 / SLOPE, rel=0.15)
    assert 1.6 < wide / narrow < 2.1
