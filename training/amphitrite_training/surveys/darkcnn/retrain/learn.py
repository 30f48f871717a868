"""Calibrate a network on a user's maps, and measure it on maps it has not seen."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import keras
import numpy as np
from numpy.typing import NDArray

from amphitrite.surveys.darkcnn.interpret.posterior import GRID
from amphitrite.surveys.darkcnn.interpret.sample import (
    Group,
    cluster_estimates,
    estimate,
)
from amphitrite.surveys.darkcnn.learned import (
    LARGEST,
    Floor,
    Learned,
    logarithm,
)
from amphitrite.surveys.darkcnn.page import (
    DISTANCE,
    LABELS,
    MASS_ERROR_DEX,
    SCORE,
)
from amphitrite_training.evaluation.statistics import (
    expected_calibration_error,
    interval,
    share,
)
from amphitrite_training.surveys.darkcnn import curves, floor
from amphitrite_training.surveys.darkcnn.calibrate import (
    beside,
    opened,
    set_probabilities,
)
from amphitrite_training.surveys.darkcnn.data import class_of
from amphitrite_training.surveys.darkcnn.domain import whitening
from amphitrite_training.surveys.darkcnn.judging import (
    N_VIEWS,
    Seen,
    answers,
    answers_as_in_training,
)
from amphitrite_training.surveys.darkcnn.model import (
    FEATURES,
    LOGITS,
    WHITENING,
    set_fixed,
)
from amphitrite_training.surveys.darkcnn.observing import View
from amphitrite_training.surveys.darkcnn.recalibration import recalibration, surprise
from amphitrite_training.surveys.darkcnn.recipe import Recipe
from amphitrite_training.surveys.darkcnn.retrain.maps import Maps
from amphitrite_training.surveys.darkcnn.retrain.split import TRAINING

LEAST_IN_CURVE: Final = 12
"""Maps for calibration of which a score curve is made."""
_LEAST_IN_CLASSES: Final = 10  # maps by which probabilities are set
_BINS: Final = 10
_ALL: Final = View(np.ones(3, bool))
_STREAM: Final = 7_000_000  # first number of a stream that no training batch has


def learn(
    model: keras.Model, recipe: Recipe, sets: Mapping[str, Maps]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Set the probabilities and the distance of a network, and return what was learned.

    Parameters
    ----------
    model : keras.Model
        The trained network.
    recipe : Recipe
        What it was trained with.
    sets : mapping of str to Maps
        By the names of `split.SHARES`.

    Returns
    -------
    learned : dict
        See `amphitrite.surveys.darkcnn.learned.Learned`; there are no systematics,
        since of one simulation nobody knows what another would have shown.
    measured : dict
        ``own_test``: what the network says of the maps of the test.
    """
    calibration, test = sets["calibration"], sets["test"]
    inner = opened(model)
    stream = recipe.seed, _STREAM

    def as_in_training(maps: Maps) -> Mapping[str, NDArray[np.float32]]:
        every = np.arange(len(maps))
        return answers_as_in_training(inner, maps, every, recipe, stream)

    trained_on = as_in_training(sets[TRAINING])
    kernel, bias = whitening(trained_on[FEATURES])
    set_fixed(model, WHITENING, kernel, bias)
    said = as_in_training(calibration)
    classes = np.tile(class_of(calibration.truth["cross_section"]), N_VIEWS)
    in_class = classes >= 0
    recalibrated = bool(in_class.sum() >= N_VIEWS * _LEAST_IN_CLASSES)
    if recalibrated:
        logits, known = said[LOGITS][in_class], beside(said, kernel, bias).of(in_class)
        groups = np.tile(calibration.groups, N_VIEWS)[in_class]
        best = recalibration(logits, known, classes[in_class], groups, times=N_VIEWS)
        set_probabilities(model, best)
    noise = calibration.noise()
    within = np.flatnonzero(calibration.truth["cross_section"] <= LARGEST)
    score_curves = curves.score_curves(
        *(model, recipe, calibration, within),
        asked=[
            kind for kind in curves.kinds() if recipe.noisy_share or not kind.galaxies
        ],
        least=LEAST_IN_CURVE,
        noise=noise,
    )
    regression = _floor(sets[TRAINING], recipe)
    learned = Learned(score_curves, {}, regression)
    measured = _tested(model, recipe, test, learned, sets[TRAINING])
    facts = {
        "recalibrated": recalibrated,
        "noise": noise,
        "kinds": sorted(score_curves),
    }
    return learned.as_learned(), {"own_test": {**facts, **measured}}


def _seen(
    model: keras.Model, maps: Maps, recipe: Recipe
) -> Mapping[str, NDArray[np.float32]]:
    """Return a network's answers on maps as they are."""
    places = np.arange(len(maps))
    seen = Seen(maps, places, [_ALL] * len(maps), (recipe.seed, _STREAM))
    return answers(model, seen)


def _absolute(maps: Maps) -> Maps:
    """Return the maps of which the regression sees densities; all if none are."""
    return maps if maps.relative.all() else maps.take(np.flatnonzero(~maps.relative))


def _floor(maps: Maps, recipe: Recipe) -> Floor:
    """Return the regression on the profile; without classes one that says nothing."""
    usable = _absolute(maps)
    if (class_of(usable.truth["cross_section"]) < 0).all():
        n = floor.features(np.ones((1, 100, 100)), np.zeros((1, 4)), np.ones((1, 4)))
        size = n.shape[1]
        zeros = np.zeros((size, len(LABELS)))
        return Floor(np.zeros(size), np.ones(size), zeros, np.zeros(len(LABELS)))
    return floor.fitted(*floor.features_of(usable, _generator(recipe)))


def _tested(
    model: keras.Model, recipe: Recipe, test: Maps, learned: Learned, training: Maps
) -> dict[str, Any]:
    """Return what the network says of the maps of the test."""
    said = _seen(model, test, recipe)
    truth = test.truth["cross_section"]
    _, blocks = np.unique(test.groups, return_inverse=True)
    return {
        "n_maps": len(test),
        "n_groups": int(blocks.max()) + 1,
        "mass_error_dex": MASS_ERROR_DEX,
        "classes": _classes(said, recipe, test, learned, training, blocks),
        "score": {
            "rms_dex": interval(_rms(said[SCORE][:, 0] - logarithm(truth)), blocks),
            "constant_rms_dex": interval(_constant(truth), blocks),
        },
        **_estimates(said, test, learned, blocks),
    }


def _classes(
    said: Mapping[str, NDArray[np.float32]],
    recipe: Recipe,
    test: Maps,
    learned: Learned,
    training: Maps,
    blocks: NDArray[np.intp],
) -> dict[str, Any] | None:
    """Return how well classes are told apart; None without maps of one."""
    classes = class_of(test.truth["cross_section"])
    rows = np.flatnonzero(classes >= 0)
    taught = class_of(training.truth["cross_section"])
    counts = np.bincount(taught[taught >= 0], minlength=len(LABELS))
    if not len(rows) or not counts.any():
        return None
    truth, groups = classes[rows], blocks[rows]
    probabilities = said["probabilities"][rows].astype(np.float64)
    highest, right = probabilities.max(1), probabilities.argmax(1) == truth
    edges = np.unique(np.quantile(highest, np.linspace(0, 1, _BINS + 1)))
    edges[-1] += 1e-6
    seen, known = floor.features_of(test.take(rows), _generator(recipe))
    by_floor = floor.logits(learned.floor, seen)
    return {
        "n_maps": len(rows),
        "accuracy": share(right, groups),
        "majority": share(truth == counts.argmax(), groups),
        "floor": share(by_floor.argmax(1) == known, groups),
        "better_than_floor": interval(
            _mean(right.astype(float) - (by_floor.argmax(1) == known)), groups
        ),
        "surprise": surprise(np.log(np.maximum(probabilities, 1e-12)), truth),
        "calibration_error": expected_calibration_error(highest, right, edges),
        "confusion": np.histogram2d(
            truth, probabilities.argmax(1), [np.arange(4) - 0.5] * 2
        )[0].tolist(),
    }


def _estimates(
    said: Mapping[str, NDArray[np.float32]],
    test: Maps,
    learned: Learned,
    blocks: NDArray[np.intp],
) -> dict[str, Any]:
    """Return the calibrated estimates of single clusters, and of all of a label."""
    score = said[SCORE][:, 0].astype(np.float64)
    kinds = np.array([_kind(test, place) for place in range(len(test))])
    groups = [
        Group(name, given[0], np.flatnonzero(kinds == name))
        for name, given in learned.curves.items()
        if (kinds == name).any()
    ]
    median, error = cluster_estimates(score, groups)
    truth = test.truth["cross_section"]
    known = np.flatnonzero(np.isfinite(median) & (truth <= GRID[-1]))
    limits = np.array([learned.farthest(name) for name in kinds])
    return {
        "cluster": {
            "n": len(known),
            "rms": interval(_rms((median - truth)[known]), blocks[known]),
            "bias": interval(_mean((median - truth)[known]), blocks[known]),
            "stated_error": float(np.mean(error[known])) if len(known) else None,
        },
        "far": share(said[DISTANCE][:, 0] > limits, blocks),
        "samples": [
            _sample(score, groups, float(value), truth == value)
            for value in np.unique(truth[known])
        ],
    }


def _sample(
    score: NDArray[np.float64],
    groups: list[Group],
    value: float,
    here: NDArray[np.bool_],
) -> dict[str, Any]:
    """Return the estimate of all clusters of one cross-section together."""
    parts = [
        Group(each.kind, each.curve, rows)
        for each in groups
        if len(rows := each.rows[here[each.rows]])
    ]
    posterior = estimate(score, parts)
    return {
        "cross_section": value,
        "n": sum(len(part.rows) for part in parts),
        "median": posterior.median if parts else None,
        "interval_68": list(posterior.interval(0.68)) if parts else None,
        "interval_95": list(posterior.interval(0.95)) if parts else None,
    }


def _kind(maps: Maps, place: int) -> str:
    view = maps.possible(place, _ALL)
    return curves.Kind(view.channels, view.relative, 0.0).name


def _generator(recipe: Recipe) -> np.random.Generator:
    return np.random.default_rng([recipe.seed, _STREAM])


def _rms(error: NDArray[np.floating]) -> Any:
    return lambda rows: float(np.sqrt(np.mean(np.square(error[rows]))))


def _mean(error: NDArray[np.floating]) -> Any:
    return lambda rows: float(np.mean(error[rows]))


def _constant(truth: NDArray[np.floating]) -> Any:
    """Return the root mean square about the mean: that of an answer without a map."""
    return lambda rows: float(np.std(logarithm(truth[rows])))
