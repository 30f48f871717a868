"""Each network can be trained, all but the matrices that are fixed."""

from __future__ import annotations

from dataclasses import replace

import keras
import numpy as np
import pytest

from amphitrite_training.fitting.loop import compile_model
from amphitrite_training.surveys.darkcnn.data import Batches
from amphitrite_training.surveys.darkcnn.model import SHARPNESS, SHIFT, WHITENING
from amphitrite_training.surveys.darkcnn.tasks import TASKS

pytestmark = pytest.mark.training


@pytest.mark.parametrize(
    "setting",
    [
        {"width": 0.4, "pixels": 100},
        {"members": 2},
        pytest.param({"network": "inception"}, marks=pytest.mark.slow),
        {"scaling": "maximum", "continuous": False, "noisy_share": 0.0},
    ],
)
def test_a_step_of_training(some, small, setting):
    task = TASKS["darkcnn"]
    recipe = replace(small, batch_size=8, **setting)
    model = task.build(recipe)
    compile_model(model, task.loss(recipe), recipe)
    inputs, targets = Batches(some, recipe, vary=True).batch(0, 0)
    fixed = [
        weight
        for layer in model.layers
        if isinstance(layer, keras.layers.Dense | keras.layers.EinsumDense)
        and not layer.trainable
        for weight in layer.weights
    ]
    names = {weight.path.split("/")[0] for weight in fixed}
    assert {SHARPNESS, SHIFT, WHITENING, "standard"} < names
    fixed_before = [weight.numpy() for weight in fixed]
    before = [weight.numpy() for weight in model.trainable_weights]
    fed = [inputs[tensor.name] for tensor in model.inputs]
    assert set(targets) == set(task.loss(recipe))
    loss = float(model.train_on_batch(fed, targets, return_dict=True)["loss"])
    assert np.isfinite(loss)
    changed = [
        not np.array_equal(old, new.numpy())
        for old, new in zip(before, model.trainable_weights, strict=True)
    ]
    # a filter whose answers are all below 0 learns nothing
    assert np.mean(changed) > 0.95
    for old, new in zip(fixed_before, fixed, strict=True):
        np.testing.assert_array_equal(old, new.numpy())


def test_samples_for_export_are_realistic(cache):
    task = TASKS["darkcnn"]
    samples = task.samples(task.recipe)
    assert {name: values.shape for name, values in samples.items()} == {
        each.name: (16, *each.shape) for each in task.spec.inputs
    }
    assert samples["maps"].max() > 1
