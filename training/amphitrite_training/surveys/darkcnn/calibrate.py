"""Calibrate a trained network on simulated clusters of their own ids."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import keras
import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax

from amphitrite.surveys.darkcnn.learned import Learned
from amphitrite.surveys.darkcnn.page import CROSS_SECTIONS, LABELS
from amphitrite_training.surveys.darkcnn import floor
from amphitrite_training.surveys.darkcnn.curves import score_curves
from amphitrite_training.surveys.darkcnn.data import CALIBRATION_IDS, drawn
from amphitrite_training.surveys.darkcnn.domain import whitening
from amphitrite_training.surveys.darkcnn.judging import Seen, answers
from amphitrite_training.surveys.darkcnn.model import (
    CALIBRATION,
    FEATURES,
    LOGITS,
    WHITENING,
    set_fixed,
)
from amphitrite_training.surveys.darkcnn.recipe import Recipe
from amphitrite_training.surveys.darkcnn.simulate.clusters import clusters
from amphitrite_training.surveys.darkcnn.systematics import shifts

if TYPE_CHECKING:
    from amphitrite_training.surveys.darkcnn.simulate.clusters import Clusters

N_RANDOM: Final = 2
"""Random cross-sections of each id from which score curves are made."""
TEMPERATURES: Final = (0.1, 10.0)
_CALIBRATION: Final = 4_000_000  # first number of a stream that no training batch has


def calibrate(
    model: keras.Model, recipe: Recipe, training: Clusters
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Set the temperature and the distance of a network, and return what was learned.

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
        The temperature, the negative log-likelihood before and after it, accuracies,
        and the errors of the systematic shifts.
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


def temperature(logits: NDArray[np.floating], classes: NDArray[np.intp]) -> float:
    """Return that by which class scores are to be divided (Guo et al. 2017).

    Parameters
    ----------
    logits : (n, 3) ndarray
    classes : (n,) ndarray of int
        What is true.

    Returns
    -------
    float
        Of least negative log-likelihood, within `TEMPERATURES`; arXiv:1706.04599.
    """
    found = minimize_scalar(
        lambda logarithm: surprise(logits / np.exp(logarithm), classes),
        bounds=tuple(np.log(TEMPERATURES)),
        method="bounded",
    )
    return float(np.exp(found.x))


def surprise(logits: NDArray[np.floating], classes: NDArray[np.intp]) -> float:
    """Return the mean negative log-likelihood of (n,) classes."""
    likelihoods = log_softmax(np.asarray(logits, np.float64), axis=1)
    return -float(likelihoods[np.arange(len(classes)), classes].mean())


def _set(
    model: keras.Model, recipe: Recipe, found: Clusters, places: NDArray[np.intp]
) -> dict[str, Any]:
    """Set temperature and distance; the clusters are seen as in training."""
    rng = np.random.default_rng([recipe.seed, _CALIBRATION])
    seen = Seen(
        found,
        places,
        [drawn(recipe, rng) for _ in places],
        (recipe.seed, _CALIBRATION),
        recipe.attribute_drop,
    )
    outputs = {LOGITS: model.output[LOGITS], FEATURES: model.get_layer(FEATURES).output}
    said = answers(keras.Model(model.inputs, outputs), seen)
    classes = places % (len(CROSS_SECTIONS) + N_RANDOM)
    best = temperature(said[LOGITS], classes)
    set_fixed(model, CALIBRATION, np.eye(len(LABELS)) / best)
    set_fixed(model, WHITENING, *whitening(said[FEATURES]))
    return {
        "temperature": best,
        "surprise_before": surprise(said[LOGITS], classes),
        "surprise": surprise(said[LOGITS] / best, classes),
        "accuracy": float((said[LOGITS].argmax(1) == classes).mean()),
        "n_clusters": len(places),
    }
