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

FEATURE_PRIOR: Final = 0.05
"""Standard deviation that each coefficient of a feature is thought to have: there are
many, and few clusters leave the scores much as they are."""
CIRCUMSTANCE_PRIOR: Final = 0.2
"""The same for how a cluster is seen."""
_SPREAD: Final = 1.0  # the same for the logarithm of the temperature of all clusters

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Known:
    """What is known of n clusters beside their scores.

    Parameters
    ----------
    white : (n, n_features) ndarray
        Features, whitened.
    circumstances : (n, n_circumstances) ndarray
        How they are seen.
    """

    white: NDArray[np.floating]
    circumstances: NDArray[np.floating]

    @property
    def rows(self) -> Floats:
        """All of it, and 1, by cluster."""
        one = np.ones((len(self.white), 1))
        return np.concatenate([self.white, self.circumstances, one], axis=1)

    @property
    def priors(self) -> Floats:
        """Standard deviations of the coefficients of `rows`, but for the last one."""
        widths = self.white.shape[1], self.circumstances.shape[1]
        return np.repeat([FEATURE_PRIOR, CIRCUMSTANCE_PRIOR], widths)

    def of(self, clusters: NDArray[np.bool_]) -> Known:
        """Return what is known of some of the clusters."""
        return Known(self.white[clusters], self.circumstances[clusters])


@dataclass(frozen=True)
class Recalibration:
    """What turns scores into those whose softmax holds.

    Parameters
    ----------
    sharpness : (n_rows, 1) ndarray of float64
        Coefficients of the logarithm of what multiplies the scores, by `Known.rows`.
    shift : (n_rows, 3) ndarray of float64
        Those of what is added.
    """

    sharpness: Floats
    shift: Floats

    def scores(self, logits: NDArray[np.floating], known: Known) -> Floats:
        """Return the (n, 3) scores of (n, 3) logits."""
        rows = known.rows
        return np.asarray(
            logits * np.exp(rows @ self.sharpness) + rows @ self.shift, np.float64
        )


def surprise(logits: NDArray[np.floating], classes: NDArray[np.intp]) -> float:
    """Return the mean negative log-likelihood of (n,) classes."""
    likelihoods = log_softmax(np.asarray(logits, np.float64), axis=1)
    return -float(likelihoods[np.arange(len(classes)), classes].mean())


def recalibration(
    logits: NDArray[np.floating],
    known: Known,
    classes: NDArray[np.intp],
    *,
    times: int = 1,
) -> Recalibration:
    """Return the recalibration of greatest likelihood, with priors (see `Known`).

    Parameters
    ----------
    logits : (n, 3) ndarray
    known : Known
        What is known of the clusters.
    classes : (n,) ndarray of int
        What is true.
    times : int, optional
        How often each cluster is among them.

    References
    ----------
    Guo et al. 2017, arXiv:1706.04599, for a temperature alone.
    """
    given, rows = np.asarray(logits, np.float64), known.rows
    truth = np.eye(given.shape[1])[classes]
    n = rows.shape[1]
    spread = np.full((n, 1 + given.shape[1]), CIRCUMSTANCE_PRIOR)
    spread[:-1] = known.priors[:, None]
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
