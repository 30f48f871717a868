"""What a network sees of the maps."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from amphitrite.surveys.darkcnn.page import MODEL
from amphitrite_training.surveys.darkcnn.encoding import (
    gaussian,
    planes,
    roughness,
    scaled,
)
from amphitrite_training.surveys.darkcnn.recipe import Recipe

pytestmark = pytest.mark.training

RNG = np.random.default_rng(1)
MAPS = RNG.gamma(1.0, 0.1, (2, *MODEL.inputs[0].shape)).astype(np.float32)
ALL = np.ones((2, 3), np.float32)


def encoded(recipe, maps=MAPS, present=ALL):
    inputs = [keras.Input(tensor.shape) for tensor in MODEL.inputs[:2]]
    model = keras.Model(inputs, planes(scaled(*inputs, recipe)))
    return model.predict_on_batch([maps, present])


def test_rows_are_smoothed():
    matrix = gaussian(100, 40.0)
    np.testing.assert_allclose(matrix.sum(0), 1, rtol=1e-6)
    place = np.arange(100)
    spread = (matrix[:, 50] * (place - 50) ** 2).sum() ** 0.5
    assert spread == pytest.approx(2, rel=1e-3)
    np.testing.assert_allclose(matrix[:, 50], matrix[::-1, 49], rtol=1e-6)


def test_the_planes():
    found = encoded(Recipe())
    assert found.shape == (2, 100, 100, 6)
    np.testing.assert_allclose(
        found[..., 0], np.arcsinh(MAPS[..., 0] / 0.3), rtol=1e-5, atol=1e-6
    )
    for place, width, bend in ((1, 40.0, 0.05), (2, 100.0, 0.02)):
        matrix = gaussian(100, width)
        smooth = matrix.T @ MAPS[0, :, :, 0] @ matrix
        np.testing.assert_allclose(
            found[0, ..., place], np.arcsinh(smooth / bend), rtol=1e-4
        )
    np.testing.assert_allclose(
        found[..., 5], np.log1p(MAPS[..., 2]) / 4, rtol=1e-4, atol=1e-6
    )


def test_half_of_the_pixels_are_means_of_two_by_two():
    found = encoded(Recipe(pixels=50))
    assert found.shape == (2, 50, 50, 6)
    means = MAPS[..., 0].reshape(2, 50, 2, 50, 2).mean((2, 4))
    np.testing.assert_allclose(found[..., 0], np.arcsinh(means / 0.3), rtol=1e-5)


def test_over_the_maximum_the_level_does_not_matter():
    recipe = Recipe(scaling="maximum")
    found = encoded(recipe)
    np.testing.assert_allclose(encoded(recipe, 7 * MAPS), found, rtol=1e-4, atol=1e-6)
    assert found[0, ..., 0].max() == pytest.approx(np.arcsinh(1 / 0.3), rel=1e-5)


def test_roughness_is_that_of_noise():
    """What is smooth leaves little, and noise its logarithm."""
    y, x = np.mgrid[:100, :100] - 49.5
    smooth = 1 / (1 + np.hypot(y, x) / 10)
    rng = np.random.default_rng(1)
    noises = np.array([0.0, 0.1, 0.4])
    maps = np.stack([smooth + rng.normal(0, noise, smooth.shape) for noise in noises])
    maps = np.repeat(maps[..., None], 3, axis=3).astype(np.float32)
    given = keras.Input(maps.shape[1:])
    found = keras.Model(given, roughness(given)).predict_on_batch(maps)
    assert found[0, 0] < -1
    # second differences of white noise are 6 times as large; mean size of a Gaussian
    expected = (np.log(6 * noises[1:] * np.sqrt(2 / np.pi) + 0.01) + 1.5) / 1.5
    np.testing.assert_allclose(found[1:, 0], expected, atol=0.03)


@pytest.mark.parametrize("scaling", ["absolute", "maximum"])
def test_an_absent_channel_is_zero_whatever_stands_there(scaling):
    present = np.array([[1, 0, 1], [1, 1, 0]], np.float32)
    found = encoded(Recipe(scaling=scaling), present=present)
    assert np.isfinite(found).all()
    assert (found[0, ..., 3:5] == 0).all()
    assert (found[1, ..., 5] == 0).all()


def test_brightness_below_zero_is_none():
    assert (encoded(Recipe(), -5 * MAPS)[..., 3:] == 0).all()
