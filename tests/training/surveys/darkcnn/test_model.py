"""The networks are built as the page says, and absent values do not matter."""

from __future__ import annotations

from dataclasses import replace

import keras
import numpy as np
import pytest

from amphitrite.surveys.darkcnn.page import (
    DISTANCE,
    KNOWN,
    KNOWN_PRESENT,
    MAPS,
    MODEL,
    PRESENT,
    PROBABILITIES,
    RELATIVE,
    SCORE,
)
from amphitrite_training.surveys.darkcnn.data import Batches
from amphitrite_training.surveys.darkcnn.model import (
    CIRCUMSTANCES,
    LIFT,
    SHARPNESS,
    SHIFT,
    WHITENING,
    build,
    cross_entropy,
    losses,
    set_fixed,
)
from amphitrite_training.surveys.darkcnn.recipe import MOST_MEMBERS, Recipe

pytestmark = pytest.mark.training


@pytest.fixture(scope="module")
def inputs(some):
    return Batches(some, Recipe(batch_size=12), vary=True).batch(0, 0)[0]


@pytest.fixture(scope="module")
def network(small):
    return build(small)


def asked(model, inputs):
    return model.predict_on_batch([inputs[tensor.name] for tensor in model.inputs])


def softmax(logits):
    share = np.exp(logits - logits.max(1, keepdims=True))
    return share / share.sum(1, keepdims=True)


@pytest.mark.parametrize(
    "setting",
    [
        {},
        {"pixels": 100},
        {"members": 2},
        {"multipoles": False},
        {"scaling": "maximum", "continuous": False},
        {"network": "inception"},
    ],
)
def test_tensors_are_those_of_the_page(small, inputs, setting):
    model = build(replace(small, **setting))
    assert [(each.name, each.shape[1:]) for each in model.inputs] == [
        (each.name, each.shape) for each in MODEL.inputs
    ]
    found = asked(model, inputs)
    assert {name: values.shape[1:] for name, values in found.items()} == {
        each.name: each.shape for each in MODEL.outputs
    }
    assert all(np.isfinite(values).all() for values in found.values())
    np.testing.assert_allclose(
        found[PROBABILITIES], softmax(found["logits"]), rtol=1e-4, atol=1e-6
    )


def test_three_of_the_default_width_are_below_30_mb():
    for network in ("simple", "inception"):
        model = build(Recipe(network=network, members=MOST_MEMBERS))
        assert model.count_params() * 4 < 30e6


def test_the_full_inception_is_as_large_as_stated():
    model = build(Recipe(network="inception", width=1.0, multipoles=False))
    assert model.count_params() == pytest.approx(13.7e6, abs=0.05e6)


def test_members_are_averaged(small, inputs):
    model = build(replace(small, members=2))
    both = asked(model, inputs)["logits"]
    members = [
        layer.output
        for layer in model.layers
        if isinstance(layer, keras.layers.Dense) and layer.output.shape[1:] == (3,)
    ][:2]
    alone = keras.Model(model.inputs, members)
    first, second = asked(alone, inputs)
    assert not np.allclose(first, second)
    np.testing.assert_allclose(both, (first + second) / 2, rtol=1e-4, atol=1e-5)


def test_what_is_absent_does_not_matter(network, inputs):
    found = asked(network, inputs)
    spoilt = {name: values.copy() for name, values in inputs.items()}
    absent = inputs[PRESENT] == 0
    unknown = inputs[KNOWN_PRESENT] == 0
    assert absent.any()
    assert unknown.any()
    spoilt[MAPS] += 9.0 * absent[:, None, None, :]
    spoilt[KNOWN] += 9.0 * unknown
    for name, values in asked(network, spoilt).items():
        np.testing.assert_allclose(values, found[name], atol=1e-6)


def test_the_cross_section_means_the_same_whatever_is_known(network, inputs):
    """Nor does the distance depend on attributes other than the redshift."""
    found = asked(network, inputs)
    told = inputs[KNOWN_PRESENT].copy()
    told[:, 1:] = 1 - told[:, 1:]
    other = asked(network, {**inputs, KNOWN_PRESENT: told})
    for name in (SCORE, DISTANCE):
        np.testing.assert_array_equal(other[name], found[name])
    assert not np.allclose(other["logits"], found["logits"], atol=1e-4)


@pytest.mark.parametrize("name", [PRESENT, RELATIVE, KNOWN_PRESENT])
def test_whether_it_is_there_does_matter(network, inputs, name):
    found = asked(network, inputs)["logits"]
    other = asked(network, {**inputs, name: 1 - inputs[name]})["logits"]
    assert not np.allclose(found, other, atol=1e-4)


def test_zeros_give_finite_answers(small):
    nothing = {
        each.name: np.zeros((2, *each.shape), np.float32) for each in MODEL.inputs
    }
    for scaling in ("absolute", "maximum"):
        found = asked(build(replace(small, scaling=scaling)), nothing)
        assert all(np.isfinite(values).all() for values in found.values())


def test_three_classes_alone_give_a_cross_section_between_them(small, inputs):
    found = asked(build(replace(small, continuous=False)), inputs)
    logarithms = np.log10(np.array([0.0, 0.1, 1.0]) + 0.03)
    expected = found[PROBABILITIES] @ logarithms
    np.testing.assert_allclose(found[SCORE][:, 0], expected, rtol=1e-4, atol=1e-5)


def test_temperature_and_distance_are_set_into_the_graph(small, inputs):
    model = build(small)
    before = asked(model, inputs)
    n = model.get_layer(WHITENING).output.shape[1]
    m = model.get_layer(CIRCUMSTANCES).output.shape[1]
    set_fixed(model, SHARPNESS, np.zeros((n + m, 1)), np.log(0.5))
    set_fixed(model, LIFT, np.zeros((n, 3)), 2 * np.arange(3))
    set_fixed(model, SHIFT, np.zeros((m, 3)), np.arange(3))
    set_fixed(model, WHITENING, np.zeros((n, n)), 3.0)
    after = asked(model, inputs)
    np.testing.assert_array_equal(after["logits"], before["logits"])
    np.testing.assert_allclose(
        after[PROBABILITIES],
        softmax(before["logits"] / 2 + 2 * np.arange(3)),
        rtol=1e-4,
    )
    np.testing.assert_allclose(after[DISTANCE], 3, rtol=1e-5)


def test_a_cross_section_of_no_class_costs_nothing_and_teaches_nothing():
    logits = keras.ops.convert_to_tensor([[2.0, 0.0, -1.0], [0.0, 0.0, 0.0]])
    labels = np.array([[0, 0, 0], [0, 1, 0]], np.float32)
    found = keras.ops.convert_to_numpy(cross_entropy(labels, logits))
    np.testing.assert_allclose(found, [0, np.log(3)], atol=1e-6)
    other = logits + np.array([[1.0, 0.0, 0.0]], np.float32)
    moved = keras.ops.convert_to_numpy(cross_entropy(labels, other))
    assert moved[0] == 0


def test_without_continuous_cross_sections_only_classes_are_learned():
    assert set(losses(Recipe())) == {"logits", SCORE}
    assert set(losses(Recipe(continuous=False))) == {"logits"}


def test_the_same_seed_is_the_same_network(small):
    for one, two in zip(
        build(small).get_weights(), build(small).get_weights(), strict=True
    ):
        np.testing.assert_array_equal(one, two)


@pytest.mark.export
@pytest.mark.parametrize(
    "setting", [{}, {"network": "inception", "scaling": "maximum", "members": 2}]
)
def test_the_network_is_the_same_in_onnx(small, inputs, setting):
    pytest.importorskip("onnxruntime", reason="needs the export extra")
    from amphitrite_export.conversion.convert import to_onnx
    from amphitrite_export.conversion.parity import parity

    model = build(replace(small, **setting))
    content = to_onnx(model, MODEL).SerializeToString()
    few = {name: values[:4] for name, values in inputs.items()}
    assert parity(model, content, few)["samples"] == 4
