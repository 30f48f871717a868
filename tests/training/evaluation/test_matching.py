from __future__ import annotations

import math

import numpy as np
import pytest

from amphitrite_training.evaluation.matching import (
    UNMATCHED,
    Share,
    confusion,
    match,
    shares_by_bin,
)


@pytest.mark.parametrize(
    ("hits", "n", "low", "high"),
    # from Newcombe 1998, Stat. Med. 17, 857, table I (score method without correction)
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611)],
)
def test_intervals_are_wilsons(hits, n, low, high):
    assert Share(hits, n).interval == pytest.approx((low, high), abs=5e-5)


def test_an_interval_covers_as_often_as_it_says():
    rng = np.random.default_rng(2)
    draws = rng.binomial(60, 0.3, size=2000)
    covered = [
        low <= 0.3 <= high for low, high in (Share(int(k), 60).interval for k in draws)
    ]
    # 2,000 draws tell 95 % to a half per cent; the score interval itself is off by
    # up to two per cent at this size
    assert np.mean(covered) == pytest.approx(0.95, abs=0.03)


def test_a_share_of_nothing_is_unknown():
    assert math.isnan(Share(0, 0).value)
    assert Share(0, 0).interval == (0.0, 1.0)


def test_pairs_are_one_to_one_and_the_brightest_chooses_first():
    truth = [[0, 0], [1, 0], [50, 50]]
    found = [[0.6, 0], [52, 50]]
    np.testing.assert_array_equal(
        match(truth, found, order=[25, 20, 22], radius=5), [UNMATCHED, 0, 1]
    )
    np.testing.assert_array_equal(
        match(truth, found, order=[20, 25, 22], radius=5), [0, UNMATCHED, 1]
    )


def test_pairs_are_within_the_radius():
    assert match([[0, 0]], [[3, 4]], order=[20], radius=5) == [0]
    assert match([[0, 0]], [[3, 4]], order=[20], radius=4.9) == [UNMATCHED]


def test_empty_catalogues_match_nothing():
    assert match([[0, 0]], [], order=[20], radius=5) == [UNMATCHED]
    assert match([], [[0, 0]], order=[], radius=5).shape == (0,)


def test_bins_hold_their_lower_edge():
    hits = np.array([True, False, True, True])
    shares = shares_by_bin(hits, [20.0, 20.5, 21.0, 25.0], [20, 21, 22])
    assert shares == [Share(1, 2), Share(1, 1)]


def test_rows_are_the_truth():
    table = confusion(["a", "a", "b"], ["a", "b", "b"], ["a", "b"])
    np.testing.assert_array_equal(table, [[1, 1], [0, 1]])
