"""The network: the published size, the served contract, stock layers only."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("keras", reason="needs the training extra")

import keras

from amphitrite.surveys.asid.page import UNET
from amphitrite_training.surveys.asid.model import build, loss
from amphitrite_training.surveys.asid.recipe import SHIPPED, Recipe

pytestmark = [
    pytest.mark.training,
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),
]

SMALL = replace(SHIPPED, width=0.125)


def counts(seed=1, n=2):
    rng = np.random.default_rng(seed)
    return {
        tensor.name: rng.poisson(0.7, (n, *tensor.shape)).astype(np.float32)
        for tensor in UNET.inputs
    }


@pytest.fixture(scope="module")
def small():
    return build(SMALL)


def test_the_published_network_has_its_number_of_parameters():
    model = build(Recipe())
    assert model.count_params() == 2_436_386
    assert sum(w.shape.num_elements() for w in model.trainable_weights) == 2_436_386


def test_tensors_are_those_of_the_contract(small):
    assert {tensor.name: tuple(tensor.shape[1:]) for tensor in small.inputs} == {
        tensor.name: tensor.shape for tensor in UNET.inputs
    }
    answer = small.predict_on_batch(counts())
    assert set(answer) == {tensor.name for tensor in UNET.outputs}
    for tensor in UNET.outputs:
        assert answer[tensor.name].shape == (2, *tensor.shape)
        assert answer[tensor.name].dtype == tensor.dtype


def test_the_mask_is_the_softmax_of_the_logits(small):
    answer = small.predict_on_batch(counts())
    source = UNET.labels.index("source")
    other = answer["logits"][..., 1 - source] - answer["logits"][..., source]
    # single precision
    np.testing.assert_allclose(answer["mask"], 1 / (1 + np.exp(other)), atol=1e-6)


def test_no_photon_at_all_gives_a_finite_mask():
    nothing = {key: np.zeros_like(value) for key, value in counts().items()}
    for recipe in (SMALL, replace(SMALL, scaling="max")):
        answer = build(recipe).predict_on_batch(nothing)
        assert np.isfinite(answer["mask"]).all()


def test_dividing_by_the_maximum_forgets_the_depth():
    model = build(replace(SMALL, scaling="max"))
    once = counts()
    twice = {key: 2 * value for key, value in once.items()}
    np.testing.assert_allclose(
        model.predict_on_batch(once)["mask"],
        model.predict_on_batch(twice)["mask"],
        atol=1e-5,  # single precision through some twenty layers
    )


def test_a_saved_network_needs_nothing_of_this_package(small, tmp_path):
    path = tmp_path / "model.keras"
    small.save(path)
    again = keras.saving.load_model(path, custom_objects={}, compile=False)
    for layer in again.layers:
        assert layer.__class__.__module__.startswith("keras."), layer
    one, two = (model.predict_on_batch(counts()) for model in (small, again))
    np.testing.assert_array_equal(one["mask"], two["mask"])


def test_the_same_seed_builds_the_same_weights(small):
    for one, two in zip(small.get_weights(), build(SMALL).get_weights(), strict=True):
        np.testing.assert_array_equal(one, two)
    other = build(replace(SMALL, seed=9)).get_weights()[0]
    assert not np.array_equal(other, small.get_weights()[0])


def test_every_band_matters(small):
    before = small.predict_on_batch(counts())["logits"]
    for tensor in UNET.inputs:
        changed = counts()
        changed[tensor.name] = changed[tensor.name][:, ::-1].copy()
        after = small.predict_on_batch(changed)["logits"]
        assert np.abs(after - before).max() > 1e-4, tensor.name


def test_the_loss_is_the_weighted_cross_entropy():
    rng = np.random.default_rng(2)
    discs = rng.uniform(0, 1, (3, 8, 8)).astype(np.float32)
    logits = rng.normal(scale=3, size=(3, 8, 8, 2)).astype(np.float32)
    recipe = Recipe()
    found = float(loss(recipe)(discs, logits))
    wide = logits.astype(float)
    p = np.exp(wide[..., 0]) / np.exp(wide).sum(axis=-1)
    direct = -(0.6 * discs * np.log(p) + 0.4 * (1 - discs) * np.log(1 - p)).mean()
    assert found == pytest.approx(direct, rel=1e-5)  # single precision


def test_the_loss_is_finite_where_the_network_is_sure():
    logits = np.array([[[[500.0, -500.0]]]], np.float32)
    wrong = float(loss(Recipe())(np.zeros((1, 1, 1), np.float32), logits))
    assert wrong == pytest.approx(0.4 * 1_000)
    right = float(loss(Recipe())(np.ones((1, 1, 1), np.float32), logits))
    assert right == 0


def test_the_penalty_on_weights_is_the_recipe_s():
    assert build(replace(SMALL, l2=0.0)).losses == []
    assert len(build(replace(SMALL, l2=1e-3)).losses) > 10
