"""What the networks learn from."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from amphitrite.surveys.darkcnn.page import (
    KNOWN,
    KNOWN_PRESENT,
    MAPS,
    MODEL,
    PRESENT,
    RELATIVE,
    SCORE,
)
from amphitrite_training.surveys.darkcnn import data
from amphitrite_training.surveys.darkcnn.data import Batches, drawn, targets
from amphitrite_training.surveys.darkcnn.recipe import MOST_IDS, Recipe


def test_a_batch_has_the_tensors_of_the_page(some, small):
    inputs, given = Batches(some, small, vary=True).batch(0, 0)
    assert {name: values.shape[1:] for name, values in inputs.items()} == {
        each.name: each.shape for each in MODEL.inputs
    }
    for values in (*inputs.values(), *given.values()):
        assert values.dtype == np.float32
        assert np.isfinite(values).all()
        assert len(values) == 4
    assert (inputs[KNOWN_PRESENT][:, 0] == 1).all()
    assert (inputs[KNOWN][inputs[KNOWN_PRESENT] == 0] == 0).all()
    assert (inputs[PRESENT][:, 0] == 1).all()
    absent = np.broadcast_to(inputs[PRESENT][:, None, None] == 0, inputs[MAPS].shape)
    assert (inputs[MAPS][absent] == 0).all()


def test_a_batch_is_the_same_for_the_same_call_alone(some, small):
    batches = Batches(some, small, vary=True)
    first = batches.batch(1, 1)
    for one, two in zip(first, batches.batch(1, 1), strict=True):
        for name, values in one.items():
            np.testing.assert_array_equal(two[name], values)
    for epoch, index in ((0, 1), (1, 0)):
        assert not np.array_equal(batches.batch(epoch, index)[0][MAPS], first[0][MAPS])


@pytest.mark.parametrize("vary", [True, False])
def test_every_cluster_comes_once_in_an_epoch(some, small, vary):
    batches = Batches(some, small, vary)
    assert len(batches) == 4
    scores = [batches.batch(3, index)[1][SCORE][:, 0] for index in range(4)]
    expected = targets(some.truth["cross_section"])[SCORE][:, 0]
    np.testing.assert_array_equal(np.sort(np.concatenate(scores)), np.sort(expected))
    if not vary:
        np.testing.assert_array_equal(np.concatenate(scores), expected)


def test_targets():
    found = targets(np.array([0.0, 0.1, 1.0, 0.3]))
    np.testing.assert_array_equal(
        found["logits"], [[1, 0, 0], [0, 1, 0], [0, 0, 1], [0, 0, 0]]
    )
    np.testing.assert_allclose(
        found[SCORE][:, 0], np.log10([0.03, 0.13, 1.03, 0.33]), rtol=1e-6
    )


def test_ways_to_see_a_cluster_are_as_frequent_as_the_recipe_says():
    recipe, rng = Recipe(), np.random.default_rng(1)
    views = [drawn(recipe, rng) for _ in range(3000)]
    relative = np.array([view.relative for view in views])
    noisy = np.array([view.galaxies > 0 for view in views])
    # 4 sigma of 3000
    assert relative.mean() == pytest.approx(0.15, abs=0.027)
    assert noisy[~relative].mean() == pytest.approx(0.5, abs=0.04)
    assert not (relative & noisy).any()
    channels = [tuple(view.channels) for view in views]
    for combination, share in zip(
        data.COMBINATIONS, recipe.channel_shares, strict=True
    ):
        found = channels.count(tuple(map(bool, combination))) / 3000
        assert found == pytest.approx(share, abs=0.036)
    galaxies = np.array([view.galaxies for view in views])[noisy]
    exposures = np.array([view.kiloseconds for view in views])[noisy]
    assert 30 <= galaxies.min() < galaxies.max() <= 800
    assert np.median(galaxies) == pytest.approx((30 * 800) ** 0.5, rel=0.15)
    assert 10 <= exposures.min() < exposures.max() <= 100


def test_a_recipe_without_noise_and_channels(some, small):
    recipe = replace(
        small,
        noisy_share=0.0,
        relative_share=1.0,
        channel_shares=(1.0, 0.0, 0.0, 0.0),
        attribute_drop=0.0,
    )
    inputs, _ = Batches(some, recipe, vary=True).batch(0, 0)
    assert (inputs[PRESENT] == [1, 0, 0]).all()
    assert (inputs[RELATIVE] == 1).all()
    assert (inputs[KNOWN_PRESENT] == 1).all()
    np.testing.assert_array_equal(inputs[MAPS][..., 0].max((1, 2)), 1)


def test_the_sets_share_no_id(cache, small):
    found = data.data(small)
    ids = [
        set(batches.clusters.truth["number"])
        for batches in (found.training, found.validation)
    ]
    assert [len(each) for each in ids] == [4, 2]
    assert not ids[0] & ids[1]
    firsts = [
        *(data.TRAINING_IDS, data.VALIDATION_IDS),
        *(data.CALIBRATION_IDS, data.TEST_IDS),
    ]
    assert (np.diff(firsts) == MOST_IDS).all()
    # each id has all of its cross-sections in the same set
    assert len(found.training.clusters) == 4 * (3 + small.n_random)
    assert len(data.validation(replace(small, continuous=False)).clusters) == 2 * 3
