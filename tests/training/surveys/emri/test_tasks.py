"""Both networks can be trained, all but the matrices of the spectra."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from amphitrite.surveys.emri.page import STRAIN
from amphitrite_training.fitting.loop import compile_model
from amphitrite_training.surveys.emri.data import Batches
from amphitrite_training.surveys.emri.tasks import TASKS

pytestmark = pytest.mark.training


@pytest.mark.parametrize("name", ["emri", "emri_table3"])
def test_a_step_of_training(some, name):
    task = TASKS[name]
    recipe = replace(task.recipe, batch_size=2)
    model = task.build(recipe)
    compile_model(model, task.loss(recipe), recipe)
    inputs, targets = Batches(some, recipe, 1, vary=True).batch(0, 0)
    fixed = [weight.numpy() for weight in model.non_trainable_weights]
    before = [weight.numpy() for weight in model.trainable_weights]
    loss = float(model.train_on_batch(inputs[STRAIN], targets))
    assert np.isfinite(loss)
    after = model.trainable_weights
    assert not any(
        np.array_equal(old, new.numpy()) for old, new in zip(before, after, strict=True)
    )
    kept = [
        np.array_equal(old, new.numpy())
        for old, new in zip(fixed, model.non_trainable_weights, strict=True)
    ]
    # moving means of the batch normalisation change; the matrices of the spectra do not
    assert sum(kept) >= (2 if name == "emri" else 0)


def test_samples_for_export_are_realistic(cache):
    task = TASKS["emri"]
    samples = task.samples(replace(task.recipe, n_signals=2))
    assert samples[STRAIN].shape == (8, *task.spec.inputs[0].shape)
    assert samples[STRAIN].std() == pytest.approx(1, abs=0.02)
