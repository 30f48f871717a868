"""The networks are built as the page and the paper say."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from amphitrite.surveys.emri.interpret.maps import power_map
from amphitrite.surveys.emri.page import MODEL, TABLE_3
from amphitrite.surveys.emri.sampling import LOWEST_HZ, N_SAMPLES
from amphitrite_training.surveys.emri import yardsticks
from amphitrite_training.surveys.emri.data import LOGIT
from amphitrite_training.surveys.emri.model import (
    build,
    build_table3,
    power,
)
from amphitrite_training.surveys.emri.recipe import WINDOWS, Recipe

pytestmark = pytest.mark.training


@pytest.fixture(scope="module")
def strain():
    shape = (3, *MODEL.inputs[0].shape)
    return np.random.default_rng(1).standard_normal(shape, dtype=np.float32)


@pytest.fixture(scope="module")
def network():
    return build(Recipe())


@pytest.mark.parametrize("window", WINDOWS)
def test_the_maps_are_those_of_a_fourier_transform(strain, window):
    tensor = keras.Input(MODEL.inputs[0].shape)
    model = keras.Model(tensor, power(tensor, window, 0))
    found = model.predict_on_batch(strain[:1])
    spectrum = np.fft.rfft(strain[0].reshape(2, -1, window)).astype(complex)
    lowest = int(np.ceil(LOWEST_HZ * window * 30))
    expected = np.abs(spectrum[..., lowest : window // 2]) ** 2
    expected /= expected.mean(axis=(1, 2), keepdims=True)
    # single precision of values up to 15
    np.testing.assert_allclose(
        found[0], expected.transpose(1, 2, 0), rtol=1e-4, atol=1e-4
    )
    weights = sum(np.prod(weight.shape) for weight in model.weights) * 4
    assert weights < 30e6
    assert not model.trainable_weights


def test_the_outputs_are_those_of_the_page(network, strain):
    found = network.predict_on_batch(strain)
    assert {name: value.shape[1:] for name, value in found.items()} == {
        LOGIT: (1,),
        **{tensor.name: tensor.shape for tensor in MODEL.outputs},
    }
    np.testing.assert_allclose(
        found["p_signal"], 1 / (1 + np.exp(-found[LOGIT])), rtol=1e-5
    )


def test_the_level_of_the_noise_does_not_matter(network, strain):
    """Neither that of both channels nor of each; to single precision."""
    found = network.predict_on_batch(strain)["statistic"]
    factors = np.array([[1.0], [30.0]], np.float32)
    np.testing.assert_allclose(
        network.predict_on_batch(factors * strain)["statistic"], found, atol=1e-3
    )


def test_a_line_that_stands_still_is_found_without_training(network, strain):
    """The soft maximum of what the network says and of the loudest box."""
    time = np.arange(N_SAMPLES)
    line = 0.06 * np.sin(np.pi * 300 / 1024 * time).astype(np.float32)
    noise, lined = (network.predict_on_batch(each) for each in (strain, strain + line))
    assert (lined["statistic"] > noise["statistic"] + 3).all()
    box = np.log(np.exp(lined["statistic"]) - np.exp(lined[LOGIT]))
    expected = [yardsticks.loudest_box(power_map(each)) for each in strain + line]
    # the yardstick divides the map by its mean, the network by a smooth spectrum
    np.testing.assert_allclose(box[:, 0] + yardsticks.USUAL_BOX, expected, atol=0.2)


@pytest.mark.parametrize("slope", [-0.1, 0.1])
def test_a_slope_of_the_noise_curve_does_not_matter(strain, slope):
    """A map of noise that is a tenth louder at one end of the band than at the other.

    Without the polynomial the ends of the band would differ by a tenth.
    """
    tensor = keras.Input(MODEL.inputs[0].shape)
    spectrum = np.fft.rfft(strain)
    spectrum *= np.sqrt(1 + slope * np.linspace(-0.5, 0.5, spectrum.shape[-1]))
    tilted = np.fft.irfft(spectrum, N_SAMPLES).astype(np.float32)
    for degree, least, most in ((0, 0.07, 0.15), (4, 0, 0.02)):
        model = keras.Model(tensor, power(tensor, 2048, degree))
        found = model.predict_on_batch(tilted) - model.predict_on_batch(strain)
        ends = found[:, :, -200:].mean() - found[:, :, :200].mean()
        assert least <= abs(ends) <= most


def test_a_loud_line_leaves_the_smooth_spectrum_positive(network, strain):
    time = np.arange(N_SAMPLES)
    loud = strain[:1] + 1e3 * np.sin(0.01 * time).astype(np.float32)
    assert np.isfinite(network.predict_on_batch(loud)["statistic"]).all()


def test_silence_gives_a_finite_answer(network):
    silence = np.zeros((1, *MODEL.inputs[0].shape), np.float32)
    assert np.isfinite(network.predict_on_batch(silence)["statistic"]).all()


def test_table_3_has_the_weights_of_the_paper(strain):
    model = build_table3(Recipe())
    assert model.count_params() == 5_602_146
    assert model.name == TABLE_3.name
    lengths = [
        layer.output.shape[2]
        for layer in model.layers
        if isinstance(layer, keras.layers.MaxPooling2D)
    ]
    assert lengths == [N_SAMPLES // 8, 5461, 1365]
    found = model.predict_on_batch(strain[:1])
    assert found["statistic"].shape == (1, 1)


def test_the_same_seed_is_the_same_network():
    first, second = build(Recipe()), build(Recipe())
    for one, two in zip(first.get_weights(), second.get_weights(), strict=True):
        np.testing.assert_array_equal(one, two)
