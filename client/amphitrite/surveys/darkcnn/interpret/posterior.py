"""The posterior of a cross-section on a grid, and what it says.

The prior is flat from 0 to 1.5 cm2/g.  Intervals are those of highest density: unlike
central ones they can contain 0, of which nothing lies on one side.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

GRID: Final[NDArray[np.float64]] = np.linspace(0, 1.5, 601)
"""Cross-sections in cm2/g, from 0 to 1.5."""
SHARES: Final = (0.68, 0.95)
"""Probabilities of the intervals that are given."""

_STEP: Final = float(GRID[1])
# As much of the prior as each point of the grid stands for: the ends for half a step.
_WEIGHTS: Final = np.where((GRID == GRID[0]) | (GRID == GRID[-1]), 0.5, 1.0)


@dataclass(frozen=True)
class Posterior:
    """A posterior of one cross-section.

    Parameters
    ----------
    probability : (601,) ndarray of float64
        Of each point of `GRID`, summing to 1; NaN throughout if nothing is known.
    """

    probability: NDArray[np.float64]

    @classmethod
    def of(cls, log_likelihood: NDArray[np.float64]) -> Posterior:
        """Return the posterior of a (601,) log-likelihood on `GRID`."""
        (probability,) = normalised(log_likelihood[None])
        return cls(probability)

    @classmethod
    def unknown(cls) -> Posterior:
        """Return the posterior of no cluster at all: NaN."""
        return cls(np.full(len(GRID), np.nan))

    @property
    def is_known(self) -> bool:
        """Whether there is anything to say."""
        return bool(np.isfinite(self.probability).all())

    @property
    def median(self) -> float:
        """The median in cm2/g; NaN if nothing is known."""
        return float(medians(self.probability[None])[0])

    @property
    def density(self) -> NDArray[np.float64]:
        """The (601,) probability density on `GRID` in g/cm2."""
        return np.asarray(self.probability / _WEIGHTS / _STEP)

    def interval(self, share: float) -> tuple[float, float]:
        """Return the ends of the interval of highest density.

        Parameters
        ----------
        share : float
            Its probability.

        Returns
        -------
        (float, float)
            In cm2/g, of the smallest interval that holds all points of the highest
            densities, and half a step of the grid beyond them, but not below 0 or
            above 1.5; NaN if nothing is known.
        """
        if not self.is_known:
            return np.nan, np.nan
        order = np.argsort(-self.density, kind="stable")
        n = int(np.searchsorted(np.cumsum(self.probability[order]), share)) + 1
        kept = GRID[order[:n]]
        low, high = float(kept.min()) - _STEP / 2, float(kept.max()) + _STEP / 2
        return max(low, float(GRID[0])), min(high, float(GRID[-1]))


def normalised(log_likelihoods: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the (n, 601) probabilities of (n, 601) log-likelihoods; NaN stays NaN."""
    highest = log_likelihoods.max(axis=1, keepdims=True)
    likelihoods = np.exp(log_likelihoods - highest) * _WEIGHTS
    return np.asarray(likelihoods / likelihoods.sum(axis=1, keepdims=True))


def medians(probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the medians of (n, 601) probabilities on `GRID`, in cm2/g.

    They lie between the points of the grid, at the first place that has half of the
    probability on either side.  NaN for NaN.
    """
    # half of a point's probability lies below it, but for the ends
    below = np.cumsum(probabilities, axis=1) - probabilities / 2
    below[:, 0], below[:, -1] = 0.0, 1.0
    found = [np.interp(0.5, row, GRID) for row in below]
    known = np.isfinite(probabilities[:, 0])
    return np.where(known, np.array(found, np.float64), np.nan)


def errors(probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the standard deviations of (n, 601) probabilities, in cm2/g."""
    mean = probabilities @ GRID
    return np.asarray(np.sqrt(np.maximum(probabilities @ GRID**2 - mean**2, 0)))
