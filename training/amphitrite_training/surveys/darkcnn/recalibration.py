"""From class scores to probabilities that hold: on clusters of other ids.

A temperature divides the scores; and a linear function of the network's features is
added, since scores can be right on average and yet too high for one class in clusters
of some noise or channels, of which the features tell.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize, minimize_scalar
from scipy.special import log_softmax

TEMPERATURES: Final = (0.1, 10.0)
PRIOR: Final = 0.1
"""Standard deviation that each coefficient of the features is thought to have: few
clusters leave the scores as they are."""

Floats = NDArray[np.float64]


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


def recalibration(
    logits: NDArray[np.floating],
    white: NDArray[np.floating],
    classes: NDArray[np.intp],
    *,
    times: int = 1,
) -> tuple[Floats, Floats]:
    """Return what turns scores and features into scores that can be believed.

    Parameters
    ----------
    logits : (n, 3) ndarray
    white : (n, n_features) ndarray
        Features, whitened.
    classes : (n,) ndarray of int
        What is true.
    times : int, optional
        How often each cluster is among them.

    Returns
    -------
    kernel : (3 + n_features, 3) ndarray of float64
    bias : (3,) ndarray of float64
        The scores are ``[logits, white] @ kernel + bias``.
    """
    best = temperature(logits, classes)
    given = np.asarray(logits, np.float64) / best
    rows = np.concatenate([white, np.ones((len(white), 1))], axis=1)
    truth = np.eye(given.shape[1])[classes]

    def loss(flat: Floats) -> tuple[float, Floats]:
        weights = flat.reshape(rows.shape[1], -1)
        logarithms = log_softmax(given + rows @ weights, axis=1)
        slope = rows.T @ (np.exp(logarithms) - truth) / times
        penalty = 0.5 * np.square(flat / PRIOR).sum()
        total = penalty - (truth * logarithms).sum() / times
        return float(total), slope.ravel() + flat / PRIOR**2

    start = np.zeros(rows.shape[1] * given.shape[1])
    weights = minimize(loss, start, jac=True, method="L-BFGS-B").x
    weights = weights.reshape(rows.shape[1], -1)
    kernel = np.concatenate([np.eye(given.shape[1]) / best, weights[:-1]])
    return kernel, weights[-1]
