"""How far a cluster is from simulated ones in what the network sees of it."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

SHRINKAGE: Final = 0.05
"""Share of the covariance that is taken to be the same in all directions.

Directions in which simulated clusters hardly differ would count for too much else.
"""


def whitening(
    features: NDArray[np.floating],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return what turns features into independent numbers of about variance 1.

    The root mean square of these numbers is a Mahalanobis distance over the root of
    their count: about 1 for a cluster as they were simulated (Lee et al. 2018,
    arXiv:1807.03888).

    Parameters
    ----------
    features : (n, n_features) ndarray
        Of simulated clusters.

    Returns
    -------
    kernel : (n_features, n_features) ndarray of float64
    bias : (n_features,) ndarray of float64
        The numbers are ``features @ kernel + bias``.
    """
    known = np.asarray(features, np.float64)
    covariance = np.cov(known, rowvar=False)
    level = np.trace(covariance) / len(covariance)
    covariance = (1 - SHRINKAGE) * covariance
    covariance += SHRINKAGE * level * np.eye(len(covariance))
    variance, directions = np.linalg.eigh(covariance)
    kernel = directions / np.sqrt(variance)
    return kernel, -known.mean(0) @ kernel
