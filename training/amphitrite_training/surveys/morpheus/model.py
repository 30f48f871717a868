"""The Morpheus network: a small U-Net from image windows to pixel classes.

The *body* maps a standardised window to class scores, as the authors' graph does.  The
*served model* standardises the raw window first and adds the softmax, so that any
client gets the same answer.  Stock layers and ``keras.ops`` only: the saved file needs
none of this code.
"""

from __future__ import annotations

import math
from typing import Any

import keras
from keras import layers, ops

from amphitrite.surveys.morpheus.page import MODEL
from amphitrite_training.surveys.morpheus.bicubic import bicubic_matrix
from amphitrite_training.surveys.morpheus.recipe import Recipe

BODY = "body"


def build(recipe: Recipe) -> keras.Model:
    """Return the model that is served: raw windows to logits and probabilities.

    Parameters
    ----------
    recipe : Recipe
        The shape of the network.

    Returns
    -------
    keras.Model
        Its one input and its outputs carry the names and shapes of
        ``amphitrite.surveys.morpheus.page.MODEL``; ``get_layer(BODY)`` is the body.
        NaN in a window makes that whole window's answer NaN.
    """
    (windows,) = MODEL.inputs
    logits, probabilities = (tensor.name for tensor in MODEL.outputs)
    raw = keras.Input(windows.shape, dtype=windows.dtype, name=windows.name)
    scores = build_body(recipe)(standardise(raw))
    return keras.Model(
        raw,
        {logits: scores, probabilities: layers.Softmax(name="softmax")(scores)},
        name=MODEL.name,
    )


def standardise(windows: Any) -> Any:
    """Bring every window to zero mean and unit deviation over all its values.

    Parameters
    ----------
    windows : (n, ny, nx, n_bands) tensor
        Image windows in any linear unit common to the bands.

    Returns
    -------
    (n, ny, nx, n_bands) tensor
        ``(x - mean) / max(std, 1 / sqrt(ny nx n_bands))`` with the population standard
        deviation, the bands taken together; the floor keeps a constant window at zero.
    """
    axes = (1, 2, 3)
    centred = windows - ops.mean(windows, axis=axes, keepdims=True)
    # Once more: the float32 mean of a bright, flat window is off by its rounding, and
    # the division below would blow the remainder up.
    centred = centred - ops.mean(centred, axis=axes, keepdims=True)
    deviation = ops.sqrt(ops.mean(ops.square(centred), axis=axes, keepdims=True))
    floor = 1 / math.sqrt(math.prod(windows.shape[1:]))
    return centred / ops.maximum(deviation, floor)


def build_body(recipe: Recipe) -> keras.Model:
    """Return the network from standardised windows to class scores.

    The layers are named after the variables of the authors' checkpoint, with dots for
    slashes: ``downconv-0.conv-0.conv``, ``downconv-0.conv-0.batch_normalization``.

    Parameters
    ----------
    recipe : Recipe
        The shape of the network.

    Returns
    -------
    keras.Model
        From (n, ny, nx, n_bands) to (n, ny, nx, n_labels), both float32.
    """
    (windows,) = MODEL.inputs
    inputs = keras.Input(windows.shape, dtype=windows.dtype, name="standardised")
    x = inputs
    skips = []
    for level, filters in enumerate(recipe.down_filters):
        for conv in range(recipe.down_convs):
            x = _block(x, filters, recipe.dropout, f"downconv-{level}.conv-{conv}")
        skips.append(x)
        x = layers.MaxPooling2D(2, name=f"downconv-{level}.downsampler")(x)
    x = _block(x, recipe.intermediate_filters, recipe.dropout, "intermediate-conv")
    for level, filters in enumerate(recipe.up_filters):
        x = _upsample(x, f"upconv-{level}")
        x = layers.Concatenate(name=f"upconv-{level}.concatenate")([x, skips.pop()])
        for conv in range(recipe.up_convs):
            x = _block(x, filters, recipe.dropout, f"upconv-{level}.conv-{conv}")
    scores = layers.Conv2D(
        len(MODEL.labels), 3, padding="same", name="final_conv.conv"
    )(x)
    return keras.Model(inputs, scores, name=BODY)


def _block(x: Any, filters: int, dropout: float, name: str) -> Any:
    """Normalise, convolve, drop out: the unit that the network is made of."""
    x = layers.BatchNormalization(epsilon=1e-3, name=f"{name}.batch_normalization")(x)
    x = layers.Conv2D(
        filters, 3, padding="same", activation="relu", name=f"{name}.conv"
    )(x)
    return layers.Dropout(dropout, name=f"{name}.dropout")(x)


def _upsample(x: Any, name: str) -> Any:
    """Double height and width with TensorFlow's legacy bicubic kernel.

    The axis to be enlarged is brought to the end, where the product with a constant
    matrix is one plain matrix multiplication in every backend and in ONNX.
    """
    _, ny, nx, n = x.shape
    columns = layers.EinsumDense(
        "bchw,wx->bchx", (n, ny, 2 * nx), trainable=False, name=f"{name}.bicubic_x"
    )
    rows = layers.EinsumDense(
        "bcxh,hy->bcxy", (n, 2 * nx, 2 * ny), trainable=False, name=f"{name}.bicubic_y"
    )
    x = columns(layers.Permute((3, 1, 2), name=f"{name}.band_first")(x))
    x = rows(layers.Permute((1, 3, 2), name=f"{name}.row_last")(x))
    columns.set_weights([bicubic_matrix(nx, 2 * nx).T])
    rows.set_weights([bicubic_matrix(ny, 2 * ny).T])
    return layers.Permute((3, 2, 1), name=f"{name}.band_last")(x)
