"""The threshold that is recommended."""

from __future__ import annotations

import numpy as np
import pytest

from amphitrite_training.surveys.calnet import calibrate, measures
from amphitrite_training.surveys.calnet.data import Batches
from amphitrite_training.surveys.calnet.judged import JudgedStars
from amphitrite_training.surveys.calnet.recipe import SHIPPED


def scored(binaries, others):
    kind = ["EA"] * len(binaries) + ["quiet"] * len(others)
    nothing = np.full(len(kind), np.nan)
    p = np.concatenate([binaries, others])
    seed = np.arange(len(kind))
    return JudgedStars(seed, np.array(kind), nothing, nothing, nothing, p, nothing)


def test_the_lowest_threshold_with_the_wanted_precision_is_taken():
    # 2 % of stars and a recall of 0.9: 2 of 1,002 others may score as much, for
    # 0.018 / (0.018 + 0.98 * 2 / 1002) = 0.902, but not 3; one more is reckoned with
    binaries = np.r_[np.full(900, 0.999), np.full(100, 0.1)]
    others = np.r_[np.zeros(998), 0.713, 0.833, 0.955]
    found = calibrate.threshold(scored(binaries, others))
    assert found.threshold == 0.84
    assert found.false_positives.n_hits == 1
    # with 2 of them as counted, a lower one would have done
    lower = measures.rates(scored(binaries, others), 0.72)
    assert lower.implied_precision() >= calibrate.WANTED_PRECISION


def test_a_perfect_network_gets_the_lowest_threshold():
    found = calibrate.threshold(scored(np.ones(9), np.zeros(600)))
    assert found.threshold == 0.5


def test_a_poor_network_gets_the_best_there_is():
    binaries = np.linspace(0, 1, 101)
    others = np.linspace(0, 0.97, 98)
    found = calibrate.threshold(scored(binaries, others))
    assert found.threshold >= 0.97
    hopeless = calibrate.threshold(scored(np.zeros(5), np.ones(5)))
    assert hopeless.recall.n_hits == 0


class Answers:
    """A network whose answer is the mean of the periodogram."""

    def predict_on_batch(self, inputs):
        return {"p_eb": inputs["periodogram"].mean(axis=1, keepdims=True)}


@pytest.fixture
def validation(some):
    return Batches(some, np.arange(len(some)), SHIPPED, vary=False)


def test_every_segment_is_judged(some, validation):
    expected = some.take(np.arange(len(some)))[1].mean(axis=1)
    found = calibrate.score(Answers(), validation)
    np.testing.assert_array_equal(found, expected)
    chosen = Batches(some, np.arange(len(some))[::-3], SHIPPED, vary=False)
    np.testing.assert_array_equal(
        calibrate.score(Answers(), chosen), expected[chosen.chosen]
    )


def test_stars_have_one_score_each(some, validation):
    scores = np.linspace(0, 1, len(some))
    stars = calibrate.by_star(scores, validation)
    seeds = np.unique(some.labels.star)
    np.testing.assert_array_equal(stars.seed, seeds)
    np.testing.assert_array_equal(stars.is_binary, seeds % 2 == 0)


def test_what_is_learned_and_measured(validation):
    learned, measured = calibrate.calibrate(Answers(), SHIPPED, validation)
    assert learned["interpolation"] == "pchip"
    assert 0.5 <= learned["threshold"] < 1
    facts = measured["validation"]
    assert facts["n_stars"] == len(np.unique(validation.samples.labels.star))
    assert 0 <= facts["area_under_curve"] <= 1
    counted = sum(n for _, n in facts["by_kind"].values())
    assert counted == facts["n_stars"]
