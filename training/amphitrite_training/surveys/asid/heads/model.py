"""The networks that describe a source: flux, classifier and location.

Each takes sources one by one.  The members of an ensemble are towers of one network;
the output ``members`` holds the Gaussian of each, to which the loss applies.  The
served outputs are mean and variances of the mixture of these Gaussians.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import keras
import numpy as np
from keras import layers, ops

from amphitrite.surveys.asid.bands import BANDS, EXPOSURE_WEIGHTS
from amphitrite.surveys.asid.page import CLASSIFIER, FLUX, LOCATION, per_source
from amphitrite_training.surveys.asid.heads.recipe import (
    CALIBRATION,
    ClassifierRecipe,
    FluxRecipe,
    LocationRecipe,
    Recipe,
)
from amphitrite_training.surveys.asid.simulate import instrument
from amphitrite_training.surveys.asid.simulate.sky import YEARS

MEMBERS: Final = "members"

# Means and standard deviations on a simulated sky.
_AUXILIARY: Final = ((3.3, 0.45), (0.8, 0.36), (0.0, 0.29), (0.0, 0.29), (0.5, 0.17))
_LOG_FLUX_MEAN: Final = -9.3
_LOG_FLUX_DEVIATION: Final = 0.5
_OFFSET_DEGREES: Final = 0.04
# Bring the square roots of typical counts near to one: 7-20, 2-7 and 1-2 GeV.
_SQRT_SCALE: Final = (1.0, 0.6, 0.3)
# Pixels on either side of the peak's pixel in the squares whose counts are summed, and
# the approximate mean of the logarithm of these sums.
_REACHES: Final = (1, 3, 6, 9)
_LOG_APERTURE: Final = 4.0
_CENTROID_REACHES: Final = (2, 4)
# Limits of the logarithm of the variance of an offset, in its own unit.
_LOG_VARIANCE: Final = (-10.0, 4.0)


def training_exposure() -> list[float]:
    """Return the mean exposure of the simulated skies in each band, cm2 s."""
    return [instrument.band_exposure(band, years=YEARS) for band in BANDS]


def build_flux(recipe: FluxRecipe) -> keras.Model:
    """Build the ensemble that measures the flux.

    Parameters
    ----------
    recipe : FluxRecipe
        Its ``width`` and ``members`` are used.

    Returns
    -------
    keras.Model
        Inputs and outputs as in `amphitrite.surveys.asid.page.FLUX`, per source, and
        ``members`` (member, 2): mean and standard deviation of log10 of the flux.  Not
        compiled.

    Notes
    -----
    Towers predict log10 of the flux times the exposure relative to that of training,
    which is the quantity that counts measure; the graph then subtracts log10 of the
    relative exposure.
    """
    keras.utils.set_random_seed(recipe.seed)
    inputs, image, auxiliary = _inputs(FLUX)
    relative = _frozen(1, _exposure_kernel())(inputs["exposure"])
    beside = layers.Concatenate()([auxiliary, _apertures(inputs["cutouts"])])
    towers = []
    for _ in range(recipe.members):
        x = _conv(16, 3, recipe)(image)
        x = _conv(16, 5, recipe)(x)
        x = _conv(32, 3, recipe, strides=2)(x)
        x = layers.MaxPooling2D(2)(_conv(32, 3, recipe)(x))
        x = layers.MaxPooling2D(2)(_conv(32, 3, recipe)(x))
        x = layers.Concatenate()([layers.Flatten()(x), beside])
        x = layers.Dense(2)(_dense(16, recipe)(x))
        mean = _LOG_FLUX_MEAN + _LOG_FLUX_DEVIATION * x[:, :1] - ops.log10(relative)
        sigma = _LOG_FLUX_DEVIATION * (1e-4 + ops.softplus(x[:, 1:]))
        towers.append(ops.concatenate([mean, sigma], axis=-1))
    members = ops.stack(towers, axis=1)
    mean, variance = _mixture(members[..., 0], members[..., 1])
    outputs = {
        "log10_flux": mean,
        "flux_variance": _identity(2)(variance),
        MEMBERS: members,
    }
    return keras.Model(inputs, outputs, name=FLUX.name)


def build_classifier(recipe: ClassifierRecipe) -> keras.Model:
    """Build the network that separates sources from background fluctuations.

    Parameters
    ----------
    recipe : ClassifierRecipe
        Its ``width`` is used.

    Returns
    -------
    keras.Model
        Inputs and outputs as in `amphitrite.surveys.asid.page.CLASSIFIER`, per source;
        not compiled.
    """
    keras.utils.set_random_seed(recipe.seed)
    inputs, image, auxiliary = _inputs(CLASSIFIER)
    x = _conv(32, 3, recipe)(_conv(16, 3, recipe)(image))
    x = layers.MaxPooling2D(2)(x)
    x = _conv(64, 3, recipe)(_conv(32, 3, recipe)(x))
    x = layers.MaxPooling2D(2)(x)
    x = layers.GlobalAveragePooling2D()(_conv(64, 3, recipe)(x))
    x = _dense(32, recipe)(layers.Concatenate()([x, auxiliary]))
    logit = layers.Dense(1)(x)
    calibrated = layers.Dense(
        1, kernel_initializer="ones", trainable=False, name=CALIBRATION
    )(logit)[:, 0]
    outputs = {"fake_logit": calibrated, "p_fake": ops.sigmoid(calibrated)}
    return keras.Model(inputs, outputs, name=CLASSIFIER.name)


def build_location(recipe: LocationRecipe) -> keras.Model:
    """Build the ensemble that measures the offset of the source from the peak.

    Parameters
    ----------
    recipe : LocationRecipe
        Its ``width`` and ``members`` are used.

    Returns
    -------
    keras.Model
        Inputs and outputs as in `amphitrite.surveys.asid.page.LOCATION`, per source,
        and ``members`` (member, 4): two means and two standard deviations of the
        offset, deg.  Not compiled.
    """
    keras.utils.set_random_seed(recipe.seed)
    inputs, image, auxiliary = _inputs(LOCATION)
    numbers = layers.Concatenate()([auxiliary, _centroids(inputs["cutouts"])])
    low, high = _LOG_VARIANCE
    towers = []
    for _ in range(recipe.members):
        x = _conv(32, 3, recipe)(_conv(32, 3, recipe)(image))
        x = layers.MaxPooling2D(2)(x)
        x = _conv(64, 3, recipe)(_conv(64, 3, recipe)(x))
        x = layers.MaxPooling2D(2)(x)
        x = layers.Flatten()(_conv(64, 3, recipe)(x))
        x = _dense(64, recipe)(x)
        beside = _dense(16, recipe)(_dense(32, recipe)(numbers))
        x = layers.Concatenate()([x, beside])
        x = _dense(32, recipe)(_dense(64, recipe)(x))
        mean = layers.Concatenate()([_dense(16, recipe)(x), numbers])
        mean = layers.Dense(2)(mean) * _OFFSET_DEGREES
        raw = layers.Dense(2, kernel_initializer="zeros")(_dense(16, recipe)(x))
        log_variance = low + (high - low) * ops.sigmoid(raw + _logit(-low, high))
        sigma = ops.exp(0.5 * log_variance) * _OFFSET_DEGREES
        towers.append(ops.concatenate([mean, sigma], axis=-1))
    members = ops.stack(towers, axis=1)
    mean, variance = _mixture(members[..., :2], members[..., 2:])
    outputs = {
        "offset": mean,
        "offset_variance": _identity(2)(variance),
        MEMBERS: members,
    }
    return keras.Model(inputs, outputs, name=LOCATION.name)


def gaussian_loss() -> Callable[[Any, Any], Any]:
    """Return the loss: the mean negative log-likelihood of the members' Gaussians.

    Returns
    -------
    callable
        Of true values (batch, n) and of ``members`` (batch, member, 2 n), n means and
        n standard deviations.  The constant is left out.
    """

    def loss(true: Any, members: Any) -> Any:
        mean, sigma = ops.split(members, 2, axis=-1)
        pull = (true[:, None] - mean) / sigma
        return ops.mean(0.5 * pull**2 + ops.log(sigma))

    return loss


def fake_loss() -> Callable[[Any, Any], Any]:
    """Return the cross-entropy of the labels (batch,) and the logits (batch,)."""

    def loss(fake: Any, logit: Any) -> Any:
        return ops.mean(ops.softplus(logit) - fake * logit)

    return loss


def _inputs(head: Any) -> tuple[Mapping[str, Any], Any, Any]:
    """Return a head's inputs, its scaled image and its scaled auxiliary numbers."""
    inputs = {
        tensor.name: keras.Input(tensor.shape, name=tensor.name)
        for tensor in per_source(head).inputs
    }
    # the peak's pixel has 10 others before it and 9 behind it; this makes it 9 and 9
    image = ops.sqrt(inputs["cutouts"][:, 1:, 1:])
    image = layers.Rescaling(list(_SQRT_SCALE))(image)
    auxiliary = layers.Rescaling(
        scale=[1 / deviation for _, deviation in _AUXILIARY],
        offset=[-mean / deviation for mean, deviation in _AUXILIARY],
    )(inputs["auxiliary"])
    return inputs, image, auxiliary


def _apertures(cutouts: Any) -> Any:
    """Return the logarithms of the counts in squares around the peak, scaled."""
    sums = [
        ops.sum(cutouts[:, 10 - reach : 11 + reach, 10 - reach : 11 + reach], (1, 2))
        for reach in _REACHES
    ]
    return ops.log(1 + ops.concatenate(sums, axis=-1)) - _LOG_APERTURE


def _centroids(cutouts: Any) -> Any:
    """Return the mean row and column of the photons in squares around the peak, pix."""
    means = []
    for reach in _CENTROID_REACHES:
        square = cutouts[:, 10 - reach : 11 + reach, 10 - reach : 11 + reach]
        total = 1 + ops.sum(square, (1, 2))
        steps = np.arange(-reach, reach + 1, dtype=np.float32)[:, None]
        means += [ops.sum(ops.sum(square, axis) * steps, 1) / total for axis in (1, 2)]
    return ops.concatenate(means, axis=-1)


def _filters(n: int, recipe: Recipe) -> int:
    return max(4, int(n * recipe.width))


def _conv(n: int, size: int, recipe: Recipe, **options: Any) -> layers.Layer:
    return layers.Conv2D(
        _filters(n, recipe),
        size,
        padding="same",
        activation="relu",
        kernel_initializer="he_normal",
        **options,
    )


def _dense(n: int, recipe: Recipe) -> layers.Layer:
    return layers.Dense(
        _filters(n, recipe), activation="relu", kernel_initializer="he_normal"
    )


def _exposure_kernel() -> np.ndarray:
    """Return the weights that turn exposures into a ratio to the training mean."""
    weights = np.array(EXPOSURE_WEIGHTS)
    return (weights / (weights @ training_exposure()))[:, None]


def _frozen(n: int, kernel: np.ndarray) -> Callable[[Any], Any]:
    """Return a layer that multiplies with a constant matrix."""
    layer = layers.Dense(n, use_bias=False, trainable=False)

    def call(x: Any) -> Any:
        result = layer(x)
        layer.set_weights([kernel])
        return result

    return call


def _identity(n: int) -> layers.Layer:
    """Return the layer by which calibration scales the variances."""
    return layers.Dense(
        n,
        use_bias=False,
        kernel_initializer="identity",
        trainable=False,
        name=CALIBRATION,
    )


def _mixture(means: Any, sigmas: Any) -> tuple[Any, Any]:
    """Return mean and variances (aleatoric, epistemic) of Gaussians on axis 1."""
    aleatoric = ops.mean(sigmas**2, axis=1)
    epistemic = ops.var(means, axis=1)
    return ops.mean(means, axis=1), ops.stack([aleatoric, epistemic], axis=1)


def _logit(a: float, b: float) -> float:
    """Return x whose sigmoid is a / (a + b)."""
    return float(np.log(a / b))
