"""CALNet: two branches of convolutions with attention and an LSTM, added together."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers, ops

from amphitrite.surveys.calnet.page import MODEL
from amphitrite_training.surveys.calnet.recipe import Recipe

_KERNEL = 8
_POOL = 4
_REDUCTION = 8
_MOMENTUM = 0.95
_SMALLEST = 1e-12
_LEAST_VARIANCE = 1e-6


def build(recipe: Recipe) -> keras.Model:
    """Build the network.

    The light curve passes three blocks of convolution, attention and pooling and an
    LSTM, the periodogram two and another; the flattened sequences, 7936 numbers at
    full width, are added.

    Parameters
    ----------
    recipe : Recipe
        Its ``width``, ``spatial_gate``, ``standardise``, ``batch_norm`` and
        ``dropout`` are used.

    Returns
    -------
    keras.Model
        Inputs and outputs as in `amphitrite.surveys.calnet.page.MODEL`; not compiled.

    Notes
    -----
    Both inputs are brought to 0..1 first, so that any linear unit will do; a constant
    input becomes 0.  The paper ends in two units with a softmax, of which only the
    difference matters: here one unit gives that difference.
    """
    keras.utils.set_random_seed(recipe.seed)
    inputs = {
        tensor.name: keras.Input(tensor.shape, name=tensor.name)
        for tensor in MODEL.inputs
    }

    units = _scaled(64, recipe)

    x = _normalised(inputs["light_curve"], recipe)
    for n in (64, 128, 256):
        x = _block(x, n, recipe)
    x = layers.LSTM(2 * units, return_sequences=True)(x)
    x = layers.Flatten()(x)

    y = _normalised(inputs["periodogram"], recipe)
    for n in (32, 64):
        y = _block(y, n, recipe)
    y = layers.LSTM(units, return_sequences=True)(y)
    y = layers.Flatten()(y)

    joined = layers.Add(name="joined")([x, layers.Concatenate()([y, y])])
    hidden = layers.Dense(_scaled(1024, recipe), activation="sigmoid")(joined)
    hidden = layers.Dropout(recipe.dropout)(hidden)
    logit = layers.Dense(1, name="logit")(hidden)
    outputs = {"logit": logit, "p_eb": ops.sigmoid(logit)}
    return keras.Model(inputs, outputs, name=MODEL.name)


def loss() -> keras.losses.Loss:
    """Return the cross-entropy between labels (0 or 1) and logits."""
    return keras.losses.BinaryCrossentropy(from_logits=True)


def _scaled(n: int, recipe: Recipe) -> int:
    return max(1, round(n * recipe.width))


def _normalised(curve: Any, recipe: Recipe) -> Any:
    """Bring each curve to 0..1, and standardise it if the recipe says so."""
    low = ops.min(curve, axis=1, keepdims=True)
    height = ops.max(curve, axis=1, keepdims=True) - low
    unit = (curve - low) / ops.maximum(height, _SMALLEST)
    if recipe.standardise:
        # The mean of a flat curve that is near 1 is off by some 1e-6 in single
        # precision, differently in every runtime, and the division by a small deviation
        # magnifies it: subtracting the mean a second time removes the error.
        for _ in range(2):
            unit = unit - ops.mean(unit, axis=1, keepdims=True)
        variance = ops.mean(ops.square(unit), axis=1, keepdims=True)
        unit = unit / ops.sqrt(variance + _LEAST_VARIANCE)
    return layers.Reshape((curve.shape[1], 1))(unit)


def _block(x: Any, n: int, recipe: Recipe) -> Any:
    """Convolve, attend and pool: the paper's CAP block."""
    filters = _scaled(n, recipe)
    if recipe.batch_norm:
        x = layers.Conv1D(filters, _KERNEL, padding="same", use_bias=False)(x)
        x = layers.BatchNormalization(momentum=_MOMENTUM)(x)
        x = layers.Activation("relu")(x)
    else:
        x = layers.Conv1D(filters, _KERNEL, padding="same", activation="relu")(x)
    x = _spatial_gate(_channel_gate(x, filters), recipe)
    return layers.MaxPooling1D(_POOL)(x)


def _channel_gate(x: Any, filters: int) -> Any:
    """Weight the channels by a function of their means and maxima over time."""
    squeeze = layers.Dense(max(1, filters // _REDUCTION), activation="relu")
    excite = layers.Dense(filters)
    gate = layers.Add()(
        [
            excite(squeeze(layers.GlobalAveragePooling1D(keepdims=True)(x))),
            excite(squeeze(layers.GlobalMaxPooling1D(keepdims=True)(x))),
        ]
    )
    return layers.Multiply()([x, layers.Activation("sigmoid")(gate)])


def _spatial_gate(x: Any, recipe: Recipe) -> Any:
    """Weight the steps of time, or the curve as a whole if the recipe says so."""
    axis = {"channels": -1, "time": 1}[recipe.spatial_gate]
    pooled = layers.Concatenate()(
        [ops.mean(x, axis=axis, keepdims=True), ops.max(x, axis=axis, keepdims=True)]
    )
    gate = layers.Conv1D(1, _KERNEL, padding="same", activation="sigmoid")(pooled)
    return layers.Multiply()([x, gate])
