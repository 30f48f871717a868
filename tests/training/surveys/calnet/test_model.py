"""The network: the published size, the served contract, stock layers only."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("keras", reason="needs the training extra")

import keras

from amphitrite.surveys.calnet.page import MODEL
from amphitrite_training.surveys.calnet.model import _normalised, build, loss
from amphitrite_training.surveys.calnet.recipe import SHIPPED, Recipe

pytestmark = [
    pytest.mark.training,
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),
]

SMALL = replace(SHIPPED, width=0.125)
PLAIN = replace(Recipe(), width=0.125)


def curves(seed=1, n=3):
    rng = np.random.default_rng(seed)
    return {
        tensor.name: rng.random((n, *tensor.shape), dtype=np.float32)
        for tensor in MODEL.inputs
    }


@pytest.fixture(scope="module")
def small():
    return build(SMALL)


def test_the_published_network_has_its_number_of_parameters():
    model = build(Recipe())
    # 8,737,163 with two output units of 1,025 weights each, of which one is needed
    assert model.count_params() == 8_737_163 - 1_025
    flattened = [x.shape[-1] for x in model.get_layer("joined").input]
    assert flattened == [7_936, 7_936]


def test_gating_each_step_needs_fewer_weights():
    paper, corrected = build(Recipe()), build(Recipe(spatial_gate="channels"))
    # kernels of 8 over two channels and not over twice as many as there are filters
    fewer = sum(8 * 2 * n - 16 for n in (64, 128, 256, 32, 64))
    assert paper.count_params() - corrected.count_params() == fewer


@pytest.mark.parametrize("width", [0.1, 0.25, 0.3])
def test_any_width_can_be_built(width):
    model = build(replace(SHIPPED, width=width))
    assert model.count_params() < 8_737_163 * width


def test_tensors_are_those_of_the_contract(small):
    assert {tensor.name: tuple(tensor.shape[1:]) for tensor in small.inputs} == {
        tensor.name: tensor.shape for tensor in MODEL.inputs
    }
    answer = small.predict_on_batch(curves())
    assert set(answer) == {tensor.name for tensor in MODEL.outputs}
    for tensor in MODEL.outputs:
        assert answer[tensor.name].shape == (3, *tensor.shape)
        assert answer[tensor.name].dtype == tensor.dtype


def test_the_probability_is_the_sigmoid_of_the_logit(small):
    answer = small.predict_on_batch(curves())
    expected = 1 / (1 + np.exp(-answer["logit"].astype(float)))
    np.testing.assert_allclose(answer["p_eb"], expected, atol=1e-6)  # float32


@pytest.mark.parametrize("recipe", [SMALL, PLAIN], ids=["shipped", "paper"])
def test_the_unit_of_the_input_does_not_matter(recipe):
    model = build(recipe)
    once = curves()
    scaled = {
        "light_curve": 5_000 + 300 * once["light_curve"],
        "periodogram": 0.1 * once["periodogram"],
    }
    normal = {
        name: (x - x.min(1, keepdims=True)) / np.ptp(x, axis=1, keepdims=True)
        for name, x in once.items()
    }
    expected = model.predict_on_batch(once)["logit"]
    for other in (scaled, normal):
        # float32 around 5,000 leaves steps of 2e-6 of the height
        np.testing.assert_allclose(
            model.predict_on_batch(other)["logit"], expected, atol=2e-4
        )


@pytest.mark.parametrize("recipe", [SMALL, PLAIN], ids=["shipped", "paper"])
def test_constant_input_gives_a_finite_answer(recipe):
    flat = {name: np.ones_like(x) for name, x in curves().items()}
    assert np.isfinite(build(recipe).predict_on_batch(flat)["logit"]).all()


@pytest.mark.parametrize("recipe", [SMALL, PLAIN], ids=["shipped", "paper"])
def test_both_inputs_matter(recipe):
    model = build(recipe)
    before = model.predict_on_batch(curves())["logit"]
    for name in ("light_curve", "periodogram"):
        changed = curves()
        changed[name] = np.sort(changed[name], axis=1)
        after = model.predict_on_batch(changed)["logit"]
        assert np.abs(after - before).max() > 1e-4, name


def test_a_saved_network_needs_nothing_of_this_package(small, tmp_path):
    path = tmp_path / "model.keras"
    small.save(path)
    again = keras.saving.load_model(path, custom_objects={}, compile=False)
    for layer in again.layers:
        assert layer.__class__.__module__.startswith("keras."), layer
    one, two = (model.predict_on_batch(curves()) for model in (small, again))
    np.testing.assert_array_equal(one["logit"], two["logit"])


def test_the_same_seed_builds_the_same_weights(small):
    for one, two in zip(small.get_weights(), build(SMALL).get_weights(), strict=True):
        np.testing.assert_array_equal(one, two)
    other = build(replace(SMALL, seed=9)).get_weights()[0]
    assert not np.array_equal(other, small.get_weights()[0])


def test_the_loss_is_the_cross_entropy():
    labels = np.array([[0.0], [1.0], [1.0]], np.float32)
    logits = np.array([[-1.0], [2.0], [-3.0]], np.float32)
    p = 1 / (1 + np.exp(-logits.astype(float)))
    direct = -(labels * np.log(p) + (1 - labels) * np.log(1 - p)).mean()
    assert float(loss()(labels, logits)) == pytest.approx(direct, rel=1e-5)  # float32


@pytest.mark.export
def test_flat_curves_keep_their_precision_in_onnx(some):
    """A mean in single precision differs between runtimes; deep eclipses show it."""
    pytest.importorskip("tf2onnx", reason="needs the export extra")
    onnxruntime = pytest.importorskip("onnxruntime", reason="needs the export extra")
    from amphitrite_export.conversion.convert import to_onnx

    curve = keras.Input((4_000,), name="light_curve")
    standardised = keras.Model(
        {"light_curve": curve}, {"logit": _normalised(curve, SHIPPED)[..., 0]}
    )
    wide = replace(MODEL.outputs[0], shape=(4_000,), axes=("time",))
    spec = replace(MODEL, inputs=MODEL.inputs[:1], outputs=(wide,))
    session = onnxruntime.InferenceSession(
        to_onnx(standardised, spec).SerializeToString(),
        providers=["CPUExecutionProvider"],
    )
    given = some.take(np.arange(len(some)))[0]
    (found,) = session.run(["logit"], {"light_curve": given})
    exact = given.astype(float)
    exact -= exact.mean(1, keepdims=True)
    exact /= np.sqrt((exact**2).mean(1, keepdims=True) + 1e-6)
    assert np.abs(exact).max() > 10
    # the last bit of a curve near 1 over the least deviation, 6e-8 / 0.01, is 6e-6
    np.testing.assert_allclose(found, exact, atol=1e-5)
