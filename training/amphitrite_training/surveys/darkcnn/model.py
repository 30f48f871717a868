"""The networks of darkCNN: maps and attributes to classes and a cross-section."""

from __future__ import annotations

import math
from typing import Any, Final

import keras
import numpy as np
from keras import layers, ops
from numpy.typing import NDArray

from amphitrite.surveys.darkcnn.page import (
    ATTRIBUTES,
    CHANNELS,
    CONCENTRATION,
    CROSS_SECTIONS,
    DISTANCE,
    ELLIPTICITY,
    KNOWN,
    KNOWN_PRESENT,
    LABELS,
    LOG_MASS,
    LOG_OFFSET,
    MAPS,
    MODEL,
    PIXELS,
    PRESENT,
    PROBABILITIES,
    REDSHIFT,
    RELATIVE,
    SCORE,
)
from amphitrite_training.surveys.darkcnn.bodies import MOMENTUM, inception, simple
from amphitrite_training.surveys.darkcnn.encoding import (
    fixed,
    planes,
    roughness,
    scaled,
    set_matrix,
)
from amphitrite_training.surveys.darkcnn.multipoles import multipoles
from amphitrite_training.surveys.darkcnn.recipe import Recipe

LOGITS: Final = "logits"
FEATURES: Final = "features"
"""The layer of what a network knows of a cluster, 64 numbers of each member."""
CIRCUMSTANCES: Final = "circumstances"
"""The layer of how a cluster is seen: its channels, whether over the maximum, and which
attributes are known; and the same times the noise, and times its square."""
SHARPNESS: Final = "sharpness"
LIFT: Final = "lift"
SHIFT: Final = "shift"
WHITENING: Final = "whitening"
N_FEATURES: Final = 64
USUAL: Final = {
    REDSHIFT: (0.25, 0.15),
    LOG_MASS: (14.5, 0.2),
    CONCENTRATION: (0.4, 0.15),
    ELLIPTICITY: (0.12, 0.06),
}
"""Mean and standard deviation of the simulated clusters' attributes, rounded."""


def build(recipe: Recipe) -> keras.Model:
    """Build a network for clusters.

    Maps are encoded in the graph (see `encoding.planes`); a body makes a vector of
    them, to which the multipoles of their rings, the redshift, and which channels are
    present, are added.  Cross-section and distance follow from these alone, so that
    they mean the same whichever attributes are known; the classes see the attributes,
    too.  What is absent is multiplied by 0, so that it does not matter what stands
    there.

    Parameters
    ----------
    recipe : Recipe
        Its ``network``, ``width``, ``members``, ``pixels``, ``multipoles``,
        ``scaling``, ``continuous`` and ``drop`` are used.

    Returns
    -------
    keras.Model
        Inputs and outputs as in `amphitrite.surveys.darkcnn.page.MODEL`; not compiled.
        The layers `SHARPNESS`, `LIFT`, `SHIFT` and `WHITENING` change nothing until
        they are set; see `calibrate`.
    """
    keras.utils.set_random_seed(recipe.seed)
    maps = keras.Input((PIXELS, PIXELS, len(CHANNELS)), name=MAPS)
    present = keras.Input((len(CHANNELS),), name=PRESENT)
    relative = keras.Input((1,), name=RELATIVE)
    known = keras.Input((len(ATTRIBUTES),), name=KNOWN)
    known_present = keras.Input((len(ATTRIBUTES),), name=KNOWN_PRESENT)
    x = scaled(maps, present, recipe)
    attributes = layers.Concatenate()([_standard(known) * known_present, known_present])
    told = layers.Concatenate()([attributes[:, :1], present, relative])
    rings = multipoles(x) if recipe.multipoles else None
    seen = planes(x)
    answers = [
        _member(seen, rings, told, attributes, recipe) for _ in range(recipe.members)
    ]
    features = [each[0] for each in answers]
    vector = features[0] if len(features) == 1 else layers.Concatenate()(features)
    vector = layers.Identity(name=FEATURES)(vector)
    logits = _average([each[1] for each in answers], LOGITS)
    white = fixed(vector, WHITENING, np.eye(int(vector.shape[1])))
    distance = ops.sqrt(ops.mean(ops.square(white), axis=1, keepdims=True))
    how = layers.Concatenate()([present, relative, known_present])
    level = roughness(x)
    circumstances = layers.Concatenate(name=CIRCUMSTANCES)(
        [how, level * how, ops.square(level) * how]
    )
    beside = layers.Concatenate()([white, circumstances])
    sharpness = ops.exp(_unset(beside, SHARPNESS, 1))
    lifted = logits + _unset(white, LIFT, len(LABELS))
    shift = _unset(circumstances, SHIFT, len(LABELS))
    probabilities = ops.softmax(lifted * sharpness + shift)
    if recipe.continuous:
        score = _average([layers.Dense(1)(each[2]) for each in answers], SCORE)
    else:
        logarithms = [[math.log10(value + LOG_OFFSET)] for value in CROSS_SECTIONS]
        score = fixed(probabilities, SCORE, np.array(logarithms))
    return keras.Model(
        [maps, present, relative, known, known_present],
        {
            LOGITS: logits,
            PROBABILITIES: probabilities,
            SCORE: score,
            DISTANCE: distance,
        },
        name=MODEL.name,
    )


def cross_entropy(labels: Any, logits: Any) -> Any:
    """Return the cross-entropy of each cluster.

    Parameters
    ----------
    labels : (n, 3) tensor
        1 for the cluster's class; 0 throughout where its cross-section is that of none,
        which then costs nothing.
    logits : (n, 3) tensor

    Notes
    -----
    Keras's own is not used: the gradient of TensorFlow's takes it for granted that
    labels sum to 1.
    """
    return -ops.sum(labels * ops.log_softmax(logits, axis=-1), axis=-1)


def losses(recipe: Recipe) -> dict[str, Any]:
    """Return what training makes small, by output."""
    if recipe.continuous:
        return {LOGITS: cross_entropy, SCORE: keras.losses.MeanSquaredError()}
    return {LOGITS: cross_entropy}


def set_fixed(
    model: keras.Model,
    name: str,
    kernel: NDArray[np.floating],
    bias: NDArray[np.floating] | float = 0.0,
) -> None:
    """Set the matrix and the bias of a layer that nothing is learned in, in place."""
    set_matrix(model.get_layer(name), kernel, bias)


def _member(
    seen: Any, rings: Any, told: Any, attributes: Any, recipe: Recipe
) -> tuple[Any, Any, Any]:
    """Return features, logits, and that from which the cross-section follows."""
    body = simple if recipe.network == "simple" else inception
    parts = [
        layers.Dropout(recipe.drop)(body(seen, recipe.width)),
        layers.Dense(32, activation="relu")(told),
    ]
    if rings is not None:
        rings = layers.BatchNormalization(momentum=MOMENTUM)(rings)
        parts.append(layers.Dense(2 * N_FEATURES, activation="relu")(rings))
    features = layers.Dense(N_FEATURES)(layers.Concatenate()(parts))
    x = layers.Activation("relu")(features)
    both = layers.Concatenate()([x, layers.Dense(32, activation="relu")(attributes)])
    return features, layers.Dense(len(LABELS))(both), x


def _unset(x: Any, name: str, n: int) -> Any:
    """Return x times a matrix of zeros, until it is set."""
    return fixed(x, name, np.zeros((int(x.shape[1]), n)))


def _average(answers: list[Any], name: str) -> Any:
    """Return the mean of the members' answers."""
    if len(answers) == 1:
        return layers.Identity(name=name)(answers[0])
    return layers.Average(name=name)(answers)


def _standard(known: Any) -> Any:
    """Return attributes less their usual mean, over their usual deviation."""
    mean, deviation = np.array([USUAL[name] for name in ATTRIBUTES]).T
    return fixed(known, "standard", np.diag(1 / deviation), -mean / deviation)
