"""The network of stamps: a weighted sum of the pixels."""

from __future__ import annotations

from typing import TYPE_CHECKING

from amphitrite.surveys.stamps.page import SIDE
from amphitrite_training.surveys.stamps.recipe import Recipe

if TYPE_CHECKING:
    import keras


def build(recipe: Recipe) -> keras.Model:
    """Return the network."""
    import keras

    pixels = keras.Input((SIDE, SIDE), name="pixels")
    flux = keras.layers.Dense(1, use_bias=False)(keras.layers.Flatten()(pixels))
    flux = keras.layers.Identity(name="flux")(flux)
    return keras.Model(pixels, {"flux": flux}, name="stamps")
