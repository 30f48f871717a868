"""From class scores to probabilities that hold: on clusters of other ids.

A temperature divides the scores, and something is added to them; both depend linearly
on the network's features and on how a cluster is seen, the first in its logarithm.  For
scores can be right on average, and yet too sure of themselves, or too high for one
class, in clusters of some noise, or of which some attributes are known.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import log_softmax

PRIOR: Final = 0.05
"""Standard deviation that each coefficient of a feature is thought to have: few
clusters leave the scores much as they are."""
_SPREAD: Final = 1.0  # the same for the logarithm of the temperature of all clusters

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Recalibration:
    """What turns scores into those whose softmax holds.

    Parameters
    ----------
    sharpness : (n_features + 1, 1) ndarray of float64
        Coefficients of the logarithm of what multiplies the scores, by whitened
        features; the last is that of no feature.
    shift : (n_features + 1, 3) ndarray of float64
        Those of what is added.
    """

    sharpness: Floats
    shift: Floats

    def scores(
        self, logits: NDArray[np.floating], white: NDArray[np.floating]
    ) -> Floats:
        """Return the (n, 3) scores of (n, 3) logits and (n, n_features) features."""
        rows = _with_one(white)
        return np.asarray(
            logits * np.exp(rows @ self.sharpness) + rows @ self.shift, np.float64
        )


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
) -> Recalibration:
    """Return the recalibration of greatest likelihood, with a prior (see `PRIOR`).

    Parameters
    ----------
    logits : (n, 3) ndarray
    white : (n, n_features) ndarray
        Features, whitened.
    classes : (n,) ndarray of int
        What is true.
    times : int, optional
        How often each cluster is among them.

    References
    ----------
    Guo et al. 2017, arXiv:1706.04599, for a temperature alone.
    """
    given, rows = np.asarray(logits, np.float64), _with_one(white)
    truth = np.eye(given.shape[1])[classes]
    n = rows.shape[1]
    spread = np.full((n, 1 + given.shape[1]), PRIOR)
    spread[-1, 0] = _SPREAD

    def loss(flat: Floats) -> tuple[float, Floats]:
        weights = flat.reshape(n, -1)
        sharp = given * np.exp(rows @ weights[:, :1])
        logarithms = log_softmax(sharp + rows @ weights[:, 1:], axis=1)
        wrong = (np.exp(logarithms) - truth) / times
        slope = np.concatenate(
            [rows.T @ (wrong * sharp).sum(1, keepdims=True), rows.T @ wrong], axis=1
        )
        penalty = 0.5 * np.square(weights / spread).sum()
        total = penalty - (truth * logarithms).sum() / times
        return float(total), (slope + weights / spread**2).ravel()

    found = minimize(loss, np.zeros(spread.size), jac=True, method="L-BFGS-B").x
    weights = found.reshape(n, -1)
    return Recalibration(weights[:, :1], weights[:, 1:])


def _with_one(white: NDArray[np.floating]) -> Floats:
    rows = np.asarray(white, np.float64)
    return np.concatenate([rows, np.ones((len(rows), 1))], axis=1)
