"""Targets are reached or not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from amphitrite_training.surveys.darkcnn import cases
from amphitrite_training.surveys.darkcnn.accuracy import Accuracy
from amphitrite_training.surveys.darkcnn.targets import targets

from .drawn import LEARNED, covered, of_classes


def reached(found, words):
    (target,) = (each for each in targets(found) if words in each.what)
    return target.reached


def test_probabilities_must_hold(evaluated):
    words = "calibration error: all channels, no noise"
    assert reached(evaluated, words)
    first, *others = evaluated.accuracies
    sure = np.eye(3)[first.judged.clusters.probabilities.argmax(1)]
    clusters = replace(first.judged.clusters, probabilities=sure)
    wrong = replace(first, judged=replace(first.judged, clusters=clusters))
    assert not reached(replace(evaluated, accuracies=[wrong, *others]), words)


def test_few_clusters_have_no_calibration_error(evaluated):
    names = [each.what for each in targets(evaluated)]
    # only that of the first case has enough of them
    assert sum(name.startswith("calibration error") for name in names) == 1


@pytest.mark.parametrize(("shift", "expected"), [(0.0, True), (0.3, False)])
def test_intervals_must_hold_the_truth(evaluated, shift, expected):
    rng = np.random.default_rng(2)
    coverages = [covered(rng, cases.CLEAR, n=200, n_each=20, shift=shift)]
    found = replace(evaluated, coverages=coverages)
    assert reached(found, "coverage of the 68 %") is expected


def test_the_network_must_be_better_than_the_regression(evaluated):
    some = of_classes(np.random.default_rng(3), cases.PAPER, 100)
    uniform = np.full((300, 3), 1 / 3)
    clusters = replace(some.clusters, probabilities=uniform)
    bad = Accuracy.of(cases.PAPER, replace(some, clusters=clusters), LEARNED)
    found = replace(evaluated, accuracies=[bad])
    assert not reached(found, "over that of the refitted regression")
    text = next(each for each in targets(found)).measured
    assert text.startswith("-0.")
