"""What the networks learn from."""

from __future__ import annotations

import numpy as np
import pytest

from amphitrite.surveys.emri.page import MODEL, STRAIN
from amphitrite_training.surveys.emri import data
from amphitrite_training.surveys.emri.data import LOGIT, Batches, turned
from amphitrite_training.surveys.emri.recipe import Recipe

RECIPE = Recipe(batch_size=4, n_signals=6, n_validation_signals=6, snr_last=(40, 40))


def test_half_of_a_batch_has_a_signal(some):
    inputs, targets = Batches(some, RECIPE, 2, vary=True).batch(9, 0)
    assert inputs[STRAIN].shape == (4, *MODEL.inputs[0].shape)
    assert inputs[STRAIN].dtype == np.float32
    np.testing.assert_array_equal(targets[LOGIT][:, 0], [1, 1, 0, 0])


def test_a_batch_is_the_same_for_the_same_call_alone(some):
    batches = Batches(some, RECIPE, 2, vary=True)
    first = batches.batch(1, 1)[0][STRAIN]
    np.testing.assert_array_equal(batches.batch(1, 1)[0][STRAIN], first)
    for epoch, index in ((0, 1), (1, 0)):
        assert not np.array_equal(batches.batch(epoch, index)[0][STRAIN], first)


def test_validation_shows_each_signal_once_at_the_last_loudness(some):
    """The part of the strain that is along the signal: its ratio, give or take 1."""
    batches = Batches(some, RECIPE, 3, vary=False)
    for index in range(3):
        strain = batches.batch(0, index)[0][STRAIN]
        for row in range(2):
            one = some[2 * index + row]
            along = np.sum(strain[row] * one) / np.sqrt(np.sum(one**2))
            assert along == pytest.approx(40, abs=5)


def test_a_turn_of_the_constellation_keeps_the_loudness(some):
    one = some[0]
    half = turned(one, np.pi / 2)
    np.testing.assert_allclose(half, [-one[1], one[0]], atol=1e-6)
    assert np.sum(turned(one, 0.7) ** 2) == pytest.approx(np.sum(one**2), rel=1e-5)


def test_the_sets_share_no_signal(cache):
    found = data.data(Recipe(batch_size=4, n_signals=2, n_validation_signals=2))
    training, validation = found.training, found.validation
    assert len(training) == 100
    assert len(validation) == 1
    masses = training.signals.inspirals["mass"]
    assert not set(masses) & set(validation.signals.inspirals["mass"])
