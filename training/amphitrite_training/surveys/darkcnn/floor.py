"""A regression beside the network: what the mean profile alone says of a cluster."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from amphitrite.surveys.darkcnn.interpret import floor as served
from amphitrite.surveys.darkcnn.interpret.profiles import profile
from amphitrite.surveys.darkcnn.learned import Floor
from amphitrite.surveys.darkcnn.page import CROSS_SECTIONS, DENSITY
from amphitrite_training.surveys.darkcnn.data import class_of
from amphitrite_training.surveys.darkcnn.observing import attributes
from amphitrite_training.surveys.darkcnn.simulate.clusters import Clusters

LEAST: Final = 1e-3
"""The least mean of a ring, whose logarithm is taken, in units of `page.DENSITY`."""
_PENALTY: Final = 1e-4


def features(
    totals: NDArray[np.floating],
    known: NDArray[np.floating],
    known_present: NDArray[np.floating],
) -> NDArray[np.float64]:
    """Return what the regression sees of some clusters.

    Parameters
    ----------
    totals : (n, 100, 100) ndarray
        Maps of all mass in `page.DENSITY`.
    known, known_present : (n, 4) ndarray
        Attributes, and 1 for each that is present.

    Returns
    -------
    (n, 27) ndarray of float64
        See `features_of_profiles`.
    """
    profiles = np.stack([profile(total[..., None]) for total in totals])
    return features_of_profiles(profiles, known, known_present)


def features_of_profiles(
    profiles: NDArray[np.floating],
    known: NDArray[np.floating],
    known_present: NDArray[np.floating],
) -> NDArray[np.float64]:
    """Return what the client tells the regression, of rings with `LEAST` at least.

    See `amphitrite.surveys.darkcnn.interpret.floor.features`.
    """
    return served.features(np.maximum(profiles, LEAST), known, known_present)


def features_of(
    clusters: Clusters, rng: np.random.Generator
) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """Return what the regression sees of simulated clusters, and their classes.

    Parameters
    ----------
    clusters : Clusters
        Of which those with the cross-section of a class are taken, without noise and
        with all attributes.
    rng : numpy.random.Generator
        For the error of the mass.
    """
    classes = class_of(clusters.truth["cross_section"])
    places = np.flatnonzero(classes >= 0)
    known = attributes(clusters, places, rng)
    rows = [
        features(
            clusters[int(place)][:1] / DENSITY,
            np.nan_to_num(one[None]),
            np.isfinite(one[None]),
        )
        for place, one in zip(places, known, strict=True)
    ]
    return np.concatenate(rows), classes[places]


def fitted(seen: NDArray[np.float64], classes: NDArray[np.intp]) -> Floor:
    """Return the multinomial logistic regression of classes on features.

    Parameters
    ----------
    seen : (n, n_features) ndarray of float64
        What is NaN is taken as usual.
    classes : (n,) ndarray of int
        From 0 on.
    """
    known = np.ma.masked_invalid(seen)
    mean = known.mean(0).filled(0.0)
    scale = np.maximum(known.std(0).filled(1.0), 1e-6)
    standard = np.nan_to_num((seen - mean) / scale)
    rows = np.concatenate([standard, np.ones((len(seen), 1))], axis=1)
    n_labels = len(CROSS_SECTIONS)
    truth = np.eye(n_labels)[classes]

    def loss(flat: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        weights = flat.reshape(-1, n_labels)
        logits = rows @ weights
        logits -= logits.max(1, keepdims=True)
        logarithms = logits - np.log(np.exp(logits).sum(1, keepdims=True))
        penalty = _PENALTY * np.square(weights[:-1]).sum()
        slope = rows.T @ (np.exp(logarithms) - truth) / len(rows)
        slope[:-1] += 2 * _PENALTY * weights[:-1]
        return float(penalty - (truth * logarithms).sum(1).mean()), slope.ravel()

    start = np.zeros(rows.shape[1] * n_labels)
    found = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": 500})
    weights = found.x.reshape(-1, n_labels)
    return Floor(mean, scale, weights[:-1], weights[-1])


def logits(floor: Floor, seen: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the regression's (n, 3) class scores; what is NaN is taken as usual."""
    standard = np.nan_to_num((seen - floor.mean) / floor.scale)
    return np.asarray(standard @ floor.weights + floor.bias)
