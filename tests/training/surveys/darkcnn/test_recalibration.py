"""Scores become probabilities that hold."""

from __future__ import annotations

import numpy as np
import pytest

from amphitrite_training.surveys.darkcnn.recalibration import (
    Known,
    recalibration,
    surprise,
)


def features(white):
    """Return features of clusters that are all seen alike."""
    return Known(white, np.empty((len(white), 0)))


def drawn(logits, rng):
    """Return classes as often as the scores say."""
    shares = np.exp(logits)
    shares /= shares.sum(1, keepdims=True)
    return np.array([rng.choice(3, p=share) for share in shares])


def test_surprise_by_hand():
    logits = np.log([[0.5, 0.25, 0.25], [0.1, 0.8, 0.1]])
    expected = -(np.log(0.25) + np.log(0.8)) / 2
    assert surprise(logits, np.array([1, 1])) == pytest.approx(expected)


def test_scores_that_are_too_large_are_divided():
    """Scores that are twice too large for the classes that were drawn from them."""
    rng = np.random.default_rng(1)
    logits, white = rng.normal(0, 2, (4000, 3)), rng.normal(0, 1, (4000, 2))
    classes = drawn(logits, rng)
    found = recalibration(2 * logits, features(white), classes, np.arange(4000))
    assert np.exp(found.sharpness[-1, 0]) == pytest.approx(0.5, rel=0.1)
    scores = found.scores(2 * logits, features(white))
    assert surprise(scores, classes) < surprise(2 * logits, classes) - 0.05


def test_what_the_features_say_besides_is_added():
    """Scores of a class that are the higher, the larger one of the features is."""
    rng = np.random.default_rng(1)
    logits, white = rng.normal(0, 1, (6000, 3)), rng.normal(0, 1, (6000, 8))
    classes = drawn(logits, rng)
    wrong = logits + 0.5 * white[:, 3:4] * np.array([1.0, 0.0, 0.0])
    scores = recalibration(wrong, features(white), classes, np.arange(6000)).scores(
        wrong, features(white)
    )
    assert surprise(scores, classes) < surprise(wrong, classes) - 0.01
    for half in (white[:, 3] > 0, white[:, 3] < 0):
        said = np.exp(scores[half])
        said /= said.sum(1, keepdims=True)
        # 3,000 classes scatter by 0.01
        assert said[:, 0].mean() == pytest.approx(np.mean(classes[half] == 0), abs=0.03)


@pytest.mark.parametrize(
    ("seen", "pulled"), [(False, 0.05), (True, 0.02)], ids=["feature", "circumstance"]
)
def test_noisy_clusters_become_less_sure(seen, pulled):
    """Scores that say nothing the more, the larger one of the numbers is."""
    rng = np.random.default_rng(1)
    logits, numbers = rng.normal(0, 1, (24_000, 3)), rng.normal(0, 1, (24_000, 8))
    classes = drawn(logits, rng)
    wrong = logits * np.exp(0.5 * numbers[:, 3:4])
    known = Known(numbers[:, :0], numbers) if seen else features(numbers)
    found = recalibration(wrong, known, classes, np.arange(24_000))
    # the prior draws it towards 0, that of features more; and 24,000 classes scatter
    assert found.sharpness[3, 0] == pytest.approx(pulled - 0.5, abs=0.03)
    assert np.abs(np.delete(found.sharpness[:, 0], 3)).max() < 0.1
    assert np.abs(np.concatenate([found.lift, found.shift])).max() < 0.1


def test_some_of_the_clusters():
    known = Known(np.arange(6).reshape(3, 2), np.arange(3, 6)[:, None])
    some = known.of(np.array([True, False, True]))
    np.testing.assert_array_equal(some.rows, [[0, 1, 3, 1], [4, 5, 5, 1]])
    assert len(known.priors) == 3


def test_what_was_learned_by_heart_does_not_count():
    """Classes that nothing says: what fits a few clusters best is sure of them."""
    rng = np.random.default_rng(1)
    logits, known = np.zeros((150, 3)), features(rng.normal(0, 3, (150, 40)))
    classes, groups = rng.integers(3, size=150), np.arange(150)
    scores = recalibration(logits, known, classes, groups).scores(logits, known)
    by_heart = recalibration(logits, known, classes, 0 * groups).scores(logits, known)
    assert np.ptp(by_heart, axis=1).mean() > 1
    assert np.ptp(scores, axis=1).mean() < 0.7 * np.ptp(by_heart, axis=1).mean()


def test_scores_that_are_a_factor_larger():
    rng = np.random.default_rng(1)
    logits, white = rng.normal(0, 1, (90, 3)), rng.normal(0, 1, (90, 2))
    known = Known(white, rng.normal(0, 1, (90, 1)))
    found = recalibration(logits, known, drawn(logits, rng), np.arange(90))
    np.testing.assert_allclose(
        found.times(0.5).scores(logits, known), 0.5 * found.scores(logits, known)
    )
