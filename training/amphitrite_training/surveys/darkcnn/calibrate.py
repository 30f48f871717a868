"""Calibrate a trained network on simulated clusters of their own ids."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

import keras
import numpy as np
from numpy.typing import NDArray

from amphitrite.surveys.darkcnn.learned import Learned
from amphitrite.surveys.darkcnn.page import CROSS_SECTIONS
from amphitrite_training.surveys.darkcnn import floor
from amphitrite_training.surveys.darkcnn.curves import score_curves
from amphitrite_training.surveys.darkcnn.data import CALIBRATION_IDS
from amphitrite_training.surveys.darkcnn.domain import whitening
from amphitrite_training.surveys.darkcnn.judging import N_VIEWS, answers_as_in_training
from amphitrite_training.surveys.darkcnn.model import (
    CIRCUMSTANCES,
    FEATURES,
    LIFT,
    LOGITS,
    SHARPNESS,
    SHIFT,
    WHITENING,
    set_fixed,
)
from amphitrite_training.surveys.darkcnn.recalibration import (
    Known,
    Recalibration,
    recalibration,
    surprise,
)
from amphitrite_training.surveys.darkcnn.recipe import Recipe
from amphitrite_training.surveys.darkcnn.simulate.clusters import clusters
from amphitrite_training.surveys.darkcnn.systematics import shifts

if TYPE_CHECKING:
    from amphitrite_training.surveys.darkcnn.simulate.clusters import Clusters

N_RANDOM: Final = 1
"""Random cross-sections of each id from which score curves are made."""
_CALIBRATION: Final = 4_000_000  # first number of a stream that no training batch has


def calibrate(
    model: keras.Model, recipe: Recipe, training: Clusters
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Set the probabilities and the distance of a network, and return what was learned.

    Parameters
    ----------
    model : keras.Model
        The trained network; its layers `CALIBRATION` and `WHITENING` are set.
    recipe : Recipe
        What it was trained with.
    training : Clusters
        What it was trained on, from which the regression beside it is made.

    Returns
    -------
    learned : dict
        See `amphitrite.surveys.darkcnn.learned.Learned`.
    measured : dict
        The negative log-likelihood before and after, accuracies, and the errors of
        the systematic shifts.
    """
    found = clusters(CALIBRATION_IDS, recipe.n_calibration_ids, n_random=N_RANDOM)
    place = np.arange(len(found)) % (len(CROSS_SECTIONS) + N_RANDOM)
    in_class = np.flatnonzero(place < len(CROSS_SECTIONS))
    measured = _set(model, recipe, found, in_class)
    curves = score_curves(
        model, recipe, found, np.flatnonzero(place >= len(CROSS_SECTIONS))
    )
    rng = np.random.default_rng([recipe.seed, _CALIBRATION])
    regression = floor.fitted(*floor.features_of(training, rng))
    seen, classes = floor.features_of(found, rng)
    right = floor.logits(regression, seen).argmax(1) == classes
    moved, errors = shifts(model, recipe)
    measured |= {"floor_accuracy": float(right.mean()), "systematic_errors": errors}
    learned = Learned(curves, moved, regression).as_learned()
    return learned, {"calibration": measured}


def opened(model: keras.Model) -> keras.Model:
    """Return a network with the outputs `LOGITS`, `FEATURES` and `CIRCUMSTANCES`."""
    outputs = {name: model.get_layer(name).output for name in (FEATURES, CIRCUMSTANCES)}
    return keras.Model(model.inputs, {LOGITS: model.output[LOGITS], **outputs})


def beside(
    said: Mapping[str, NDArray[np.floating]],
    kernel: NDArray[np.float64],
    bias: NDArray[np.float64],
) -> Known:
    """Return by what scores are recalibrated.

    Parameters
    ----------
    said : mapping of str to ndarray
        Answers of `opened`.
    kernel, bias
        Of the layer `WHITENING`.
    """
    white = said[FEATURES] @ kernel + bias
    return Known(white, said[CIRCUMSTANCES])


def set_probabilities(model: keras.Model, found: Recalibration) -> None:
    """Let a network's probabilities be those of a recalibration, in place."""
    set_fixed(model, SHARPNESS, found.sharpness[:-1], found.sharpness[-1])
    set_fixed(model, LIFT, found.lift)
    set_fixed(model, SHIFT, found.shift[:-1], found.shift[-1])


def _set(
    model: keras.Model, recipe: Recipe, found: Clusters, places: NDArray[np.intp]
) -> dict[str, Any]:
    """Set probabilities and distance; the clusters are seen as in training."""
    stream = recipe.seed, _CALIBRATION
    said = answers_as_in_training(opened(model), found, places, recipe, stream)
    classes = np.tile(places % (len(CROSS_SECTIONS) + N_RANDOM), N_VIEWS)
    kernel, bias = whitening(said[FEATURES])
    set_fixed(model, WHITENING, kernel, bias)
    known = beside(said, kernel, bias)
    ids = np.tile(places // (len(CROSS_SECTIONS) + N_RANDOM), N_VIEWS)
    best = recalibration(said[LOGITS], known, classes, ids, times=N_VIEWS)
    set_probabilities(model, best)
    scores = best.scores(said[LOGITS], known)
    return {
        "surprise_before": surprise(said[LOGITS], classes),
        "surprise": surprise(scores, classes),
        "accuracy": float((scores.argmax(1) == classes).mean()),
        "n_clusters": len(places),
    }
