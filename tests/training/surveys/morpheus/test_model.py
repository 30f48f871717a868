from __future__ import annotations

import numpy as np
import pytest

keras = pytest.importorskip("keras", reason="needs the training extra")

from amphitrite.surveys.morpheus.page import MODEL  # noqa: E402
from amphitrite_training.fitting.artefact import counts  # noqa: E402
from amphitrite_training.surveys.morpheus.model import BODY, build, standardise  # noqa: E402
from amphitrite_training.surveys.morpheus.recipe import Recipe  # noqa: E402
from amphitrite_training.surveys.morpheus.samples import windows  # noqa: E402

pytestmark = pytest.mark.training


@pytest.fixture(scope="module")
def model():
    return build(Recipe())


def test_the_size_of_the_published_network(model):
    assert counts(model)["trainable_parameters"] == 75_421


def test_tensors_are_those_of_the_survey_page(model):
    (windows_spec,) = MODEL.inputs
    assert [tensor.name for tensor in model.inputs] == [windows_spec.name]
    assert model.inputs[0].shape == (None, *windows_spec.shape)
    assert {name: tensor.shape for name, tensor in model.output.items()} == {
        tensor.name: (None, *tensor.shape) for tensor in MODEL.outputs
    }


def test_only_stock_layers_are_used(model):
    layers = [*model.layers, *model.get_layer(BODY).layers]
    assert {type(layer).__module__.split(".")[0] for layer in layers} == {"keras"}


def test_a_recipe_shapes_the_network():
    small = build(Recipe(down_filters=(4, 8), up_filters=(4, 4), down_convs=1))
    assert counts(small)["trainable_parameters"] < 10_000
    assert small.output["logits"].shape == (None, 40, 40, 5)


def standardised(array):
    """The definition, in double precision."""
    array = array.astype(np.float64)
    axes = (1, 2, 3)
    mean = array.mean(axis=axes, keepdims=True)
    floor = 1 / np.sqrt(np.prod(array.shape[1:]))
    return (array - mean) / np.maximum(array.std(axis=axes, keepdims=True), floor)


def test_windows_are_standardised_over_all_bands_together():
    drawn = windows(12)
    have = np.asarray(standardise(drawn))
    # relative rounding of float32 (6e-8) over some ten operations
    np.testing.assert_allclose(have, standardised(drawn), rtol=1e-6, atol=1e-5)
    assert not have[-2:].any(), "constant windows become zero"


def test_a_faint_window_is_divided_by_the_floor():
    faint = windows(4)[:1] * np.float32(1e-6)
    centred = faint - faint.mean(dtype=np.float64)
    np.testing.assert_allclose(np.asarray(standardise(faint)), centred * 80, rtol=1e-3)


def test_a_flat_bright_window_stays_flat():
    flat = np.full((1, 40, 40, 4), 123456.7, np.float32)
    assert np.abs(np.asarray(standardise(flat))).max() < 1e-6


def test_nan_stays_in_its_own_window(model):
    drawn = windows(3)
    drawn[1, 5, 5, 0] = np.nan
    answer = np.asarray(model(drawn, training=False)["probabilities"])
    assert np.isnan(answer[1]).all()
    assert np.isfinite(answer[[0, 2]]).all()
