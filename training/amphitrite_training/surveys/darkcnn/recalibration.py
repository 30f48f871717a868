"""From class scores to probabilities that hold: on clusters of other ids.

What depends linearly on the network's features is added to the scores, the sum is
divided by a temperature, and something is added that depends on how a cluster is seen;
the logarithm of the temperature depends linearly on both.  For scores can be right on
average, and yet too sure of themselves, or too high for one class, in clusters of some
noise, or of which some attributes are known.  What was fitted to some clusters is a bit
too sure of others: all scores are then divided by what is best for those left out.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize, minimize_scalar
from scipy.special import log_softmax

FEATURE_PRIOR: Final = 0.05
"""Standard deviation that each coefficient of a feature is thought to have: there are
many, and few clusters leave the scores much as they are."""
CIRCUMSTANCE_PRIOR: Final = 0.2
"""The same for how a cluster is seen."""
_FOLDS: Final = 3
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
        return np.concatenate([self.white, self.seen], axis=1)

    @property
    def seen(self) -> Floats:
        """How they are seen, and 1."""
        one = np.ones((len(self.circumstances), 1))
        return np.concatenate([self.circumstances, one], axis=1)

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
    lift : (n_features, 3) ndarray of float64
        Those of what is added before, by features.
    shift : (n_circumstances + 1, 3) ndarray of float64
        Those of what is added after, by `Known.seen`.
    """

    sharpness: Floats
    lift: Floats
    shift: Floats

    def scores(self, logits: NDArray[np.floating], known: Known) -> Floats:
        """Return the (n, 3) scores of (n, 3) logits."""
        lifted = logits + known.white @ self.lift
        scores = lifted * np.exp(known.rows @ self.sharpness) + known.seen @ self.shift
        return np.asarray(scores, np.float64)

    def times(self, factor: float) -> Recalibration:
        """Return the one whose scores are a factor larger."""
        sharpness = self.sharpness.copy()
        sharpness[-1] += np.log(factor)
        return Recalibration(sharpness, self.lift, self.shift * factor)


def surprise(logits: NDArray[np.floating], classes: NDArray[np.intp]) -> float:
    """Return the mean negative log-likelihood of (n,) classes."""
    likelihoods = log_softmax(np.asarray(logits, np.float64), axis=1)
    return -float(likelihoods[np.arange(len(classes)), classes].mean())


def recalibration(
    logits: NDArray[np.floating],
    known: Known,
    classes: NDArray[np.intp],
    groups: NDArray[Any],
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
    groups : (n,) ndarray
        What clusters that are alike share, such as their id.
    times : int, optional
        How often each cluster is among them.

    References
    ----------
    Guo et al. 2017, arXiv:1706.04599, for a temperature alone.
    """
    found = _fitted(logits, known, classes, times)
    _, places = np.unique(groups, return_inverse=True)
    if places.max(initial=0) < _FOLDS:
        return found
    left_out = np.empty(np.shape(logits))
    for fold in range(_FOLDS):
        out = places % _FOLDS == fold
        others = _fitted(logits[~out], known.of(~out), classes[~out], times)
        left_out[out] = others.scores(logits[out], known.of(out))
    best = minimize_scalar(
        lambda log: surprise(left_out * np.exp(log), classes), bounds=(-1.0, 0.0)
    )
    return found.times(float(np.exp(best.x)))


def _fitted(
    logits: NDArray[np.floating],
    known: Known,
    classes: NDArray[np.intp],
    times: int,
) -> Recalibration:
    """Return the recalibration that fits some clusters best."""
    rows, white, seen = known.rows, known.white, known.seen
    n_classes = np.shape(logits)[1]
    truth = np.eye(n_classes)[classes]
    shapes = [
        (rows.shape[1], 1),
        (white.shape[1], n_classes),
        (seen.shape[1], n_classes),
    ]
    ends = np.cumsum([math.prod(shape) for shape in shapes])
    spread = np.concatenate(
        [
            [*known.priors, _SPREAD],
            np.full(math.prod(shapes[1]), FEATURE_PRIOR),
            np.full(math.prod(shapes[2]), CIRCUMSTANCE_PRIOR),
        ]
    )

    def parts(flat: Floats) -> Recalibration:
        pieces = np.split(flat, ends[:-1])
        return Recalibration(
            *(piece.reshape(shape) for piece, shape in zip(pieces, shapes, strict=True))
        )

    def loss(flat: Floats) -> tuple[float, Floats]:
        now = parts(flat)
        sharpness = np.exp(rows @ now.sharpness)
        sharp = sharpness * (logits + white @ now.lift)
        logarithms = log_softmax(sharp + seen @ now.shift, axis=1)
        wrong = (np.exp(logarithms) - truth) / times
        slopes = [
            rows.T @ (wrong * sharp).sum(1),
            (white.T @ (wrong * sharpness)).ravel(),
            (seen.T @ wrong).ravel(),
        ]
        penalty = 0.5 * np.square(flat / spread).sum()
        total = penalty - (truth * logarithms).sum() / times
        return float(total), np.concatenate(slopes) + flat / spread**2

    start = np.zeros(spread.size)
    return parts(minimize(loss, start, jac=True, method="L-BFGS-B").x)
