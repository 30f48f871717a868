"""Accuracy, its floor and the calibration error are those of drawn clusters."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import norm

from amphitrite.surveys.darkcnn.learned import logarithm
from amphitrite_training.surveys.darkcnn import cases
from amphitrite_training.surveys.darkcnn.accuracy import (
    Accuracy,
    equal_bins,
    refitted,
)

from .drawn import LEARNED, of_classes
from .rule import SCATTER


@pytest.fixture(scope="module")
def found():
    return Accuracy.of(
        cases.CLEAR, of_classes(np.random.default_rng(1), cases.CLEAR), LEARNED
    )


def test_the_share_of_right_classes_is_that_of_gaussians(found):
    low, middle, high = logarithm(np.array([0.0, 0.1, 1.0]))
    first, second = ((b - a) / 2 / SCATTER for a, b in ((low, middle), (middle, high)))
    each = [norm.cdf(first), norm.cdf(second) - norm.cdf(-first), norm.cdf(second)]
    expected = np.mean(each)
    # four standard errors of 3,600
    error = 4 * np.sqrt(expected * (1 - expected) / 3_600)
    assert found.network["value"] == pytest.approx(expected, abs=error)
    assert found.network["low"] < found.network["value"] < found.network["high"]
    np.testing.assert_allclose(
        np.diag(found.confusion) / 1_200, each, atol=4 * np.sqrt(0.25 / 1_200)
    )
    assert found.confusion.sum() == 3_600
    assert found.n_ids == 1_200


def test_true_probabilities_are_calibrated_and_false_ones_not(found):
    """The drawn probabilities are those of Bayes, but for a prior that is even."""
    assert found.calibration_error < 0.03
    assert found.least_error < 0.02
    clusters = found.judged.clusters
    sure = np.eye(3)[clusters.probabilities.argmax(1)] * 0.98 + 0.01
    wrong = replace(clusters, probabilities=sure / sure.sum(1, keepdims=True))
    worse = replace(found, judged=replace(found.judged, clusters=wrong))
    expected = sure.max() / sure[0].sum() - found.network["value"]
    assert worse.calibration_error == pytest.approx(expected, abs=1e-6)


def test_bins_have_as_many_clusters_each(found):
    assert [each.counted.n for each in found.bins] == [360] * 10
    values = np.arange(100.0)
    assert equal_bins(values)[0] == 0
    assert equal_bins(values)[-1] == np.inf


def test_the_interval_is_wider_if_clusters_of_an_id_are_alike(found):
    """Three clusters of an id that are right or wrong together count as one."""
    rng = np.random.default_rng(2)
    right = np.repeat(rng.random(300) < 0.7, 3)
    classes = np.tile([0, 1, 2], 300)
    said = np.eye(3)[np.where(right, classes, (classes + 1) % 3)]
    judged = of_classes(rng, cases.CLEAR, 300)
    clusters = replace(judged.clusters, probabilities=said)
    share = Accuracy.of(
        cases.CLEAR, replace(judged, clusters=clusters), LEARNED
    ).network
    width = share["high"] - share["low"]
    # 2 x 1.96 standard errors of 300, not of 900; 500 resamples give it to 5 %
    assert width == pytest.approx(3.92 * np.sqrt(0.21 / 300), rel=0.2)


def test_the_regression_is_fitted_to_the_other_half_of_ids():
    """It tells profiles apart that differ, and is at chance where none does."""
    rng = np.random.default_rng(3)
    judged = of_classes(rng, cases.CLEAR, 200)
    classes = np.tile([0, 1, 2], 200)
    right = refitted(judged.clusters, classes, judged.number).argmax(1) == classes
    assert right.mean() > 0.5
    noise = rng.uniform(0.1, 1, judged.clusters.profile.shape)
    blind = replace(judged.clusters, profile=noise)
    right = refitted(blind, classes, judged.number).argmax(1) == classes
    # four standard errors of 600
    assert right.mean() == pytest.approx(1 / 3, abs=0.08)


def test_the_served_regression_says_nothing_of_relative_maps(found):
    assert found.regression["value"] == pytest.approx(1 / 3)
    relative = Accuracy.of(
        cases.PAPER, of_classes(np.random.default_rng(1), cases.PAPER, 20), LEARNED
    )
    assert relative.regression is None
    assert relative.regression_refitted["value"] > 1 / 3


def test_the_gain_is_paired(found):
    expected = found.network["value"] - found.regression_refitted["value"]
    assert found.gain["value"] == pytest.approx(expected)


def test_false_alarms_are_counted(found):
    # four standard errors of 3,600
    assert found.false_alarms.value == pytest.approx(0.05, abs=0.015)


def test_it_is_json(found):
    told = json.loads(json.dumps(found.as_dict(), allow_nan=False))
    assert told["case"] == "all channels, no noise"
    assert told["n_clusters"] == 3_600
    assert sum(map(sum, told["confusion"])) == 3_600
