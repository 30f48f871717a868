"""What stands beside the table of accuracies depends on them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from amphitrite_training.surveys.darkcnn import cases
from amphitrite_training.surveys.darkcnn.accuracy import Accuracy
from amphitrite_training.surveys.darkcnn.words import beside, separation, too_good

from .drawn import LEARNED, of_classes


def with_answers(found, probabilities):
    """Return an evaluation of one case with other answers."""
    some = of_classes(np.random.default_rng(1), cases.CLEAR, 200)
    clusters = replace(some.clusters, probabilities=probabilities)
    each = Accuracy.of(cases.CLEAR, replace(some, clusters=clusters), LEARNED)
    return replace(found, accuracies=[each])


def test_a_network_that_is_no_better_is_said_to_be_none(evaluated):
    constant = np.tile([0.4, 0.3, 0.3], (600, 1))
    text = " ".join(beside(with_answers(evaluated, constant)).split())
    assert "**It is not clearly above the regression" in text
    assert "has learned more" not in text
    perfect = np.tile(np.eye(3), (200, 1))
    text = " ".join(beside(with_answers(evaluated, perfect)).split())
    assert "has learned more than the mean profile says (all channels" in text
    assert "not clearly" not in text


def test_too_good_an_accuracy_says_what_the_simulation_lacks(evaluated):
    perfect = np.tile(np.eye(3), (200, 1))
    text = too_good(with_answers(evaluated, perfect))
    assert text.startswith("**Above 0.90** (all channels, no noise 1.000")
    assert "merger histories" in " ".join(text.split())
    constant = np.tile([0.4, 0.3, 0.3], (600, 1))
    assert too_good(with_answers(evaluated, constant)) == ""


def test_the_classes_are_less_apart_or_not(evaluated):
    text = " ".join(separation(evaluated).split())
    assert text.startswith("From 60 to 80 kpc, over the mean without")
    assert "of 2 maps each" in text
    published = evaluated.published
    profile = published.clusters.profile.copy()
    profile[2:4] *= 5
    clusters = replace(published.clusters, profile=profile)
    apart = replace(evaluated, published=replace(published, clusters=clusters))
    assert "less apart than the published ones, and harder" in " ".join(
        separation(apart).split()
    )
    assert separation(replace(evaluated, published=None)) == ""
