"""How stars are counted, against counts by hand."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from amphitrite.surveys.calnet.page import MODEL
from amphitrite_training.evaluation.matching import Share
from amphitrite_training.surveys.calnet import measures
from amphitrite_training.surveys.calnet.judged import JudgedStars
from amphitrite_training.surveys.calnet.measures import Evaluation

STARS = JudgedStars(
    seed=np.arange(100, 108),
    kind=np.array(["EA", "EA", "EB", "EW", "quiet", "transit", "spots", "quiet"]),
    tmag=np.array([8.0, 12.0, 14.0, 9.0, 7.0, 12.9, 13.0, 9.0]),
    period=np.array([4.0, 2.0, 1.0, 0.4, 0, 0, 0, 0]),
    depth=np.array([0.2, 0.02, 0.1, 0.3, 0, 0, 0, 0]),
    p_eb=np.array([0.99, 0.4, 0.95, np.nan, 0.1, 0.92, 0.3, np.nan]),
    found_period=np.array([4.001, np.nan, 2.002, 0.3, np.nan, 3.0, np.nan, np.nan]),
)


def test_rates_are_counted():
    found = measures.rates(STARS, 0.9)
    assert found.recall == Share(2, 4)  # a star that is not in the catalogue is missed
    assert found.false_positives == Share(1, 4)
    assert measures.rates(STARS, 0.4).recall == Share(3, 4)  # the threshold counts


def test_the_implied_precision_is_bayes_rule():
    found = measures.rates(STARS, 0.9)
    # of 10,000 stars 200 are binaries: 100 are found, and 2,450 others
    assert found.implied_precision(0.02) == pytest.approx(100 / 2_550)
    low, high = found.implied_interval(0.02)
    assert low < 100 / 2_550 < high
    # as in this sample, half of whose stars are binaries: two of three
    assert found.implied_precision(measures.EVEN) == pytest.approx(2 / 3)
    assert measures.rates(STARS, 0.95).implied_precision() == 1
    assert np.isnan(measures.rates(STARS, 1.0).implied_precision())


def test_kinds_and_bins_are_counted():
    kinds = measures.by_kind(STARS, 0.9)
    assert kinds["EA"] == Share(1, 2)
    assert kinds["transit"] == Share(1, 1)
    assert "trend" not in kinds
    bins = measures.by_bin(STARS, 0.9, "tmag", (0, 8, 13, 20))
    assert [found.recall.n for *_, found in bins] == [0, 3, 1]  # 8.0 is in the second
    assert [found.false_positives.n for *_, found in bins] == [1, 2, 1]


def test_reliability_counts_what_is_scored():
    found = measures.reliability(STARS)
    assert sum(each.counted.n for each in found) == 6
    last = found[-1]
    assert (last.low, last.high) == (0.95, 1.0)
    assert last.mean == pytest.approx(0.97)
    assert last.counted == Share(2, 2)
    assert np.isnan(found[4].mean)
    assert np.isnan(found[4].value)


def test_a_score_of_one_is_in_the_last_bin():
    sure = replace(STARS, p_eb=np.ones(8))
    assert measures.reliability(sure)[-1].counted == Share(4, 8)


def test_reliability_is_that_of_as_many_binaries_as_others():
    """Each other star four times over changes neither share nor mean score."""
    rows = np.flatnonzero(~STARS.is_binary)
    more = JudgedStars.joined([STARS, *[STARS.where(rows)] * 3])
    for one, other in zip(
        measures.reliability(STARS), measures.reliability(more), strict=True
    ):
        np.testing.assert_allclose(one.value, other.value)
        np.testing.assert_allclose(one.mean, other.mean)
        if one.counted.n:
            assert one.interval[0] <= one.value <= one.interval[1]


def test_periods_are_compared():
    found = measures.periods(STARS)
    assert found["EA"] == (Share(1, 1), Share(1, 1))
    assert found["EB"] == (Share(0, 1), Share(1, 1))  # twice the period
    assert found["EW"] == (Share(0, 1), Share(0, 1))


def test_long_periods_can_be_left_out():
    found = measures.periods(STARS, longest=1.5)
    assert found["EA"] == (Share(0, 0), Share(0, 0))
    assert found["EB"] == (Share(0, 1), Share(1, 1))


def test_the_worst_mistakes_come_first():
    wrong = measures.misjudged(STARS, n=2)
    # the transit and the spots; of the clear binaries one alone is in the catalogue
    assert wrong.seed.tolist() == [105, 106, 100]
    assert measures.misjudged(STARS, n=1).seed.tolist() == [105, 100]


def test_the_numbers_are_json():
    found = Evaluation(MODEL, 3, 3_000_000, 0.96, STARS)
    assert found.thresholds == (0.5, 0.9, 0.96)
    numbers = json.loads(json.dumps(found.as_dict(), allow_nan=False))
    assert numbers["n_stars"] == 8
    assert numbers["recommended_threshold"] == 0.96
    assert [each["recall"] for each in numbers["at"][:2]] == [[2, 4], [2, 4]]
    low, high = numbers["at"][1]["implied_interval"]
    assert low < numbers["at"][1]["implied_precision"] < high
    assert {each["stars"] for each in numbers["at"]} == {"all", "clear"}
    assert numbers["periods"]["EB"] == {"exact": [0, 1], "related": [1, 1]}
