"""The floor under the network: a regression on the profile of all mass.

A network that is not clearly better has learned nothing that a profile does not say.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax

from amphitrite.surveys.darkcnn.learned import Floor


def features(
    profiles: NDArray[np.floating],
    attributes: NDArray[np.floating],
    present: NDArray[np.floating],
) -> NDArray[np.float64]:
    """Return what the regression is told of clusters with absolute maps.

    Parameters
    ----------
    profiles : (n, 12) ndarray
        Azimuthal means of all mass in `amphitrite.surveys.darkcnn.page.DENSITY`; see
        `amphitrite.surveys.darkcnn.interpret.profiles.profile`.
    attributes, present : (n, 4) ndarray
        See `amphitrite.surveys.darkcnn.prepare.tensors.Prepared`.

    Returns
    -------
    (n, 27) ndarray of float64
        Logarithms of the 12 means, the 11 differences of neighbouring ones, and the 4
        attributes.  NaN where a mean is not above 0 or an attribute is absent.
    """
    values = np.asarray(profiles, np.float64)
    logarithms = np.log(values, out=np.full_like(values, np.nan), where=values > 0)
    known = np.where(np.asarray(present) > 0, attributes, np.nan)
    steps = np.diff(logarithms, axis=1)
    return np.concatenate([logarithms, steps, known], axis=1)


def probabilities(
    floor: Floor,
    profiles: NDArray[np.floating],
    attributes: NDArray[np.floating],
    present: NDArray[np.floating],
) -> NDArray[np.float64]:
    """Return the class probabilities of the regression.

    Parameters
    ----------
    floor : Floor
        Its coefficients.
    profiles, attributes, present
        See `features`; what is NaN there counts as the mean of the training.

    Returns
    -------
    (n, 3) ndarray of float64
    """
    standard = (features(profiles, attributes, present) - floor.mean) / floor.scale
    known = np.nan_to_num(standard, nan=0.0)
    return np.asarray(softmax(known @ floor.weights + floor.bias, axis=1))
