"""The estimate of the original: the product of the class probabilities of clusters.

It asks which of three cross-sections all clusters have, so that with more clusters it
comes to one of the three, however far the truth lies from it, and with an error that is
far too small.  It stands beside the calibrated estimate for comparison alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax

from amphitrite.surveys.darkcnn.page import CROSS_SECTIONS

_LEAST: Final = 1e-6  # below which a probability of one cluster does not count


@dataclass(frozen=True)
class Product:
    """The product of class probabilities (Harvey 2024, arXiv:2405.17566).

    Parameters
    ----------
    probabilities : (3,) ndarray of float64
        Of the classes, given all clusters; NaN without a cluster.
    """

    probabilities: NDArray[np.float64]

    @classmethod
    def of(cls, probabilities: NDArray[np.floating]) -> Product:
        """Return the product of the (n, 3) probabilities of n clusters."""
        if not len(probabilities):
            return cls(np.full(len(CROSS_SECTIONS), np.nan))
        each = np.log(np.maximum(np.asarray(probabilities, np.float64), _LEAST))
        return cls(np.asarray(softmax(each.sum(axis=0))))

    @property
    def mean(self) -> float:
        """The mean cross-section of the classes in cm2/g."""
        return float(self.probabilities @ np.array(CROSS_SECTIONS))

    @property
    def interval(self) -> tuple[float, float]:
        """The mean less and plus its standard deviation in cm2/g, from 0 on."""
        squared = float(self.probabilities @ np.square(CROSS_SECTIONS))
        error = np.sqrt(max(squared - self.mean**2, 0.0))
        if not np.isfinite(self.mean):
            return np.nan, np.nan
        return max(self.mean - float(error), 0.0), self.mean + float(error)
