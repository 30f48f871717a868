"""Choose the threshold of a trained network on validation stars.

Eclipsing binaries are rare, so false positives decide the precision of a catalogue.
The recommended threshold is the lowest one whose precision would be 90 % among stars of
which 2 % are binaries.  False positives are few in validation, and the lowest threshold
is likely to be one where chance has given too few of them; therefore one false positive
more than was counted is assumed.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from amphitrite_training.evaluation.matching import Share
from amphitrite_training.evaluation.statistics import area_under_curve
from amphitrite_training.surveys.calnet.data import Batches
from amphitrite_training.surveys.calnet.judged import JudgedStars
from amphitrite_training.surveys.calnet.measures import (
    Rates,
    by_kind,
    rates,
)
from amphitrite_training.surveys.calnet.recipe import Recipe

if TYPE_CHECKING:
    import keras


WANTED_PRECISION: Final = 0.9
"""At the prevalence `amphitrite_training.surveys.calnet.measures.PREVALENCE`."""
THRESHOLDS: Final = (
    *(round(0.5 + 0.02 * i, 2) for i in range(25)),
    *(0.985, 0.99, 0.9925, 0.995, 0.9975, 0.999, 0.9995, 0.9999),
)
"""Thresholds that are tried; a choice, like the precision, as the card says."""
_BATCH: Final = 128


def calibrate(
    model: keras.Model, recipe: Recipe, validation: Batches
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the recommended threshold, and the rates measured on validation stars.

    Parameters
    ----------
    model : keras.Model
        The trained network.
    recipe : Recipe
        What it was trained with.
    validation : Batches
        Segments of stars that it was not trained on.

    Returns
    -------
    learned : dict
        ``interpolation``, which the client must use, and ``threshold``.
    measured : dict
        Recall, false positives and the precision that a prevalence of 2 % implies,
        star by star.
    """
    stars = by_star(score(model, validation), validation)
    best = threshold(stars)
    learned = {"interpolation": recipe.interpolation, "threshold": best.threshold}
    measured = {
        "n_stars": len(stars),
        "area_under_curve": area_under_curve(stars.p_eb, stars.is_binary),
        "at_threshold": _summary(best),
        "at_0.9": _summary(rates(stars, 0.9)),
        "by_kind": {
            kind: [share.n_hits, share.n]
            for kind, share in by_kind(stars, best.threshold).items()
        },
    }
    return learned, {"validation": measured}


def score(model: keras.Model, batches: Batches) -> NDArray[np.float32]:
    """Return the network's probability for every segment of a set.

    Parameters
    ----------
    model : keras.Model
        The network.
    batches : Batches
        The set; all of its segments are judged, whatever the size of its batches.

    Returns
    -------
    (n,) ndarray of float32
    """
    scores = []
    for start in range(0, len(batches.chosen), _BATCH):
        chosen = batches.chosen[start : start + _BATCH]
        light_curves, periodograms = batches.samples.take(chosen)
        inputs = {"light_curve": light_curves, "periodogram": periodograms}
        scores.append(np.asarray(model.predict_on_batch(inputs)["p_eb"])[:, 0])
    return np.concatenate(scores)


def by_star(scores: NDArray[np.floating], batches: Batches) -> JudgedStars:
    """Return stars with the highest score of their segments, as the client does.

    Parameters
    ----------
    scores : (n,) ndarray
        Per segment.
    batches : Batches
        The set that was judged.

    Returns
    -------
    JudgedStars
        Without periods and depths, which are not known here.
    """
    labels = batches.samples.labels
    star = labels.star[batches.chosen]
    seed, first, index = np.unique(star, return_index=True, return_inverse=True)
    n = len(first)
    kind, tmag = (
        getattr(labels, name)[batches.chosen][first] for name in ("kind", "tmag")
    )
    return JudgedStars(
        seed=seed,
        kind=kind,
        tmag=tmag,
        period=np.full(n, np.nan),
        depth=np.full(n, np.nan),
        p_eb=np.array([scores[index == i].max() for i in range(n)]),
        found_period=np.full(n, np.nan),
    )


def threshold(stars: JudgedStars) -> Rates:
    """Return the rates at the lowest threshold with the wanted implied precision.

    One false positive more than was counted is assumed.

    Parameters
    ----------
    stars : JudgedStars
        Validation stars.

    Returns
    -------
    Rates
        At the threshold with the highest implied precision where none has the wanted
        one.
    """
    tried = [rates(stars, each) for each in THRESHOLDS]
    implied = [np.nan_to_num(_cautious(each).implied_precision()) for each in tried]
    for each, precision in zip(tried, implied, strict=True):
        if precision >= WANTED_PRECISION:
            return each
    return tried[int(np.argmax(implied))]


def _cautious(found: Rates) -> Rates:
    counted = found.false_positives
    return replace(found, false_positives=Share(counted.n_hits + 1, counted.n + 1))


def _summary(found: Rates) -> dict[str, Any]:
    implied = found.implied_precision()
    return {
        "threshold": found.threshold,
        "recall": [found.recall.n_hits, found.recall.n],
        "false_positives": [found.false_positives.n_hits, found.false_positives.n],
        "implied_precision": None if np.isnan(implied) else implied,
    }
