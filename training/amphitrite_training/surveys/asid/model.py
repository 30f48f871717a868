"""The multi-input U-Net that marks gamma-ray sources."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
from keras import layers, ops

from amphitrite.surveys.asid.bands import BANDS
from amphitrite.surveys.asid.page import LOGITS, MASK, UNET
from amphitrite_training.surveys.asid.recipe import Recipe

# Brings the square roots of typical counts near to one; finest band first.
SQRT_FACTORS = (1.0, 0.6, 0.3, 0.12, 0.12)


def build(recipe: Recipe) -> keras.Model:
    """Build the network.

    Every band is brought to 128 x 128 pixels by its own convolutions; a U-Net of three
    levels follows.  At full width it has 2,436,386 parameters.

    Parameters
    ----------
    recipe : Recipe
        Its ``width``, ``l2`` and ``scaling`` are used.

    Returns
    -------
    keras.Model
        Inputs and outputs as in `amphitrite.surveys.asid.page.UNET`; not compiled.
    """
    keras.utils.set_random_seed(recipe.seed)

    def filters(n: int) -> int:
        return max(4, int(n * recipe.width))

    def conv(n: int, **options: Any) -> layers.Layer:
        return layers.Conv2D(
            filters(n),
            3,
            padding="same",
            activation="relu",
            kernel_initializer="he_normal",
            kernel_regularizer=keras.regularizers.L2(recipe.l2) if recipe.l2 else None,
            **options,
        )

    def up(n: int) -> layers.Layer:
        return layers.Conv2DTranspose(filters(n), 3, strides=2, padding="same")

    inputs = {
        tensor.name: keras.Input(tensor.shape, name=tensor.name)
        for tensor in UNET.inputs
    }
    scaled = [
        _scaled(layers.Reshape((band.pixels, band.pixels, 1))(image), factor, recipe)
        for image, band, factor in zip(
            inputs.values(), BANDS, SQRT_FACTORS, strict=True
        )
    ]
    finest = conv(32)(conv(32, strides=2)(conv(32)(conv(32)(scaled[0]))))
    fine = conv(32)(conv(32)(scaled[1]))
    middle = layers.UpSampling2D(2)(conv(32)(scaled[2]))
    coarse = [
        layers.UpSampling2D(2)(conv(32)(layers.UpSampling2D(2)(image)))
        for image in scaled[3:]
    ]
    joined = layers.Concatenate()([finest, fine, middle, *coarse])

    level1 = conv(64)(conv(64)(joined))
    level2 = conv(128)(conv(128)(layers.MaxPooling2D(2)(level1)))
    level3 = conv(256)(conv(256)(layers.MaxPooling2D(2)(level2)))
    x = layers.MaxPooling2D(2)(level3)
    for n, skip in ((128, level3), (64, level2), (32, level1)):
        x = layers.Concatenate()([up(n)(x), skip])
        x = conv(n)(conv(n)(x))
    logits = layers.Conv2D(2, 1, name=LOGITS.name)(x)
    mask = ops.softmax(logits, axis=-1)[..., 0]
    return keras.Model(inputs, {LOGITS.name: logits, MASK.name: mask}, name=UNET.name)


def _scaled(image: Any, factor: float, recipe: Recipe) -> Any:
    if recipe.scaling == "sqrt":
        return ops.sqrt(image) * factor
    if recipe.scaling == "max":
        return image / (ops.max(image, axis=(1, 2, 3), keepdims=True) + 1e-9)
    raise ValueError(f"scaling is 'sqrt' or 'max'; received '{recipe.scaling}'")


def loss(recipe: Recipe) -> Callable[[Any, Any], Any]:
    """Return the weighted cross-entropy between discs and logits.

    Parameters
    ----------
    recipe : Recipe
        Its two weights are used.

    Returns
    -------
    callable
        Of the discs (batch, y, x), 0 to 1, and the logits (batch, y, x, 2).
    """

    def weighted(discs: Any, logits: Any) -> Any:
        log_source, log_background = (
            ops.log_softmax(logits, axis=-1)[..., index] for index in (0, 1)
        )
        return -ops.mean(
            recipe.source_weight * discs * log_source
            + recipe.background_weight * (1 - discs) * log_background
        )

    return weighted
