"""The bodies of the networks have the sizes that are stated."""

from __future__ import annotations

import keras
import pytest

from amphitrite_training.surveys.darkcnn.bodies import inception, simple

pytestmark = pytest.mark.training


def body(which, pixels, width):
    x = keras.Input((pixels, pixels, 6))
    return keras.Model(x, which(x, width))


@pytest.mark.parametrize(("pixels", "left"), [(100, 13), (50, 7)])
def test_the_simple_network(pixels, left):
    model = body(simple, pixels, 0.4)
    assert model.output.shape == (None, 128)
    expected = 6 * 9 * 16 + 16 * 9 * 32 + 32 * 9 * 64 + left**2 * 64 * 128
    biases = 16 + 32 + 64 + 128 + 4 * 6
    assert model.count_params() == expected + biases


@pytest.mark.parametrize("pixels", [100, 50])
def test_the_inception(pixels):
    """The blocks have the filters and the fields of Inception-v4 after its stem."""
    model = body(inception, pixels, 1.0)
    joined = [
        layer.output.shape[1:]
        for layer in model.layers
        if isinstance(layer, keras.layers.Concatenate)
    ]
    assert joined == [
        *((25, 25, 160), (25, 25, 192), (13, 13, 384)),
        *((13, 13, 384), (7, 7, 1024), (7, 7, 1024), (4, 4, 1536), (4, 4, 1536)),
    ]
    assert model.output.shape == (None, 1536)
    assert model.count_params() == pytest.approx(13.5e6, rel=0.01)
