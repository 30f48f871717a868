"""Scores become probabilities that hold."""

from __future__ import annotations

import numpy as np
import pytest

from amphitrite_training.surveys.darkcnn.recalibration import (
    recalibration,
    surprise,
    temperature,
)


def drawn(logits, rng):
    """Return classes as often as the scores say."""
    shares = np.exp(logits)
    shares /= shares.sum(1, keepdims=True)
    return np.array([rng.choice(3, p=share) for share in shares])


def test_the_temperature_makes_truth_likelier():
    """Scores that are twice too large for the classes that were drawn from them."""
    rng = np.random.default_rng(1)
    logits = rng.normal(0, 2, (4000, 3))
    shares = np.exp(logits)
    shares /= shares.sum(1, keepdims=True)
    classes = np.array([rng.choice(3, p=share) for share in shares])
    found = temperature(2 * logits, classes)
    assert found == pytest.approx(2, rel=0.1)
    assert surprise(2 * logits / found, classes) < surprise(2 * logits, classes) - 0.05


def test_surprise_by_hand():
    logits = np.log([[0.5, 0.25, 0.25], [0.1, 0.8, 0.1]])
    expected = -(np.log(0.25) + np.log(0.8)) / 2
    assert surprise(logits, np.array([1, 1])) == pytest.approx(expected)


def test_what_the_features_say_besides_is_added():
    """Scores of a class that are the higher, the larger one of the features is."""
    rng = np.random.default_rng(1)
    logits = rng.normal(0, 1, (6000, 3))
    white = rng.normal(0, 1, (6000, 8))
    classes = drawn(logits, rng)
    wrong = 2 * (logits + 0.5 * white[:, 3:4] * np.array([1.0, 0.0, 0.0]))
    kernel, bias = recalibration(wrong, white, classes)
    assert (kernel.shape, bias.shape) == ((11, 3), (3,))
    scores = np.concatenate([wrong, white], axis=1) @ kernel + bias
    best = surprise(wrong / temperature(wrong, classes), classes)
    assert surprise(scores, classes) < best - 0.01
    for half in (white[:, 3] > 0, white[:, 3] < 0):
        said = np.exp(scores[half])
        said /= said.sum(1, keepdims=True)
        true = np.mean(classes[half] == 0)
        # 3,000 classes scatter by 0.01
        assert said[:, 0].mean() == pytest.approx(true, abs=0.03)


def test_few_clusters_leave_the_scores_as_they_are():
    rng = np.random.default_rng(1)
    logits = rng.normal(0, 1, (30, 3))
    white = rng.normal(0, 1, (30, 64))
    classes = drawn(logits, rng)
    kernel, bias = recalibration(
        np.tile(logits, (4, 1)), np.tile(white, (4, 1)), np.tile(classes, 4), times=4
    )
    once = recalibration(logits, white, classes)
    np.testing.assert_allclose(kernel, once[0], atol=1e-3)
    assert np.abs(kernel[3:]).max() < 0.2
    assert np.abs(bias).max() < 0.2
