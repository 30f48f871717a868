"""By how much the score shifts if clusters are not what the simulation assumes."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from amphitrite.surveys.darkcnn.page import CHANNELS, SCORE
from amphitrite_training.surveys.darkcnn.data import CALIBRATION_IDS
from amphitrite_training.surveys.darkcnn.judging import Seen, answers
from amphitrite_training.surveys.darkcnn.observing import View
from amphitrite_training.surveys.darkcnn.recipe import Recipe
from amphitrite_training.surveys.darkcnn.simulate.clusters import clusters
from amphitrite_training.surveys.darkcnn.simulate.population import Population

if TYPE_CHECKING:
    import keras

TRUE: Final = (0.0, 0.1, 0.3, 1.0)
"""Cross-sections at which shifts are measured, cm2/g."""
OTHERS: Final[Mapping[str, Population]] = {
    "cores younger by 18 %": Population(ages=1 / math.sqrt(1.5)),
    "cores older by 22 %": Population(ages=math.sqrt(1.5)),
    "feedback -2": Population(feedback=-2.0),
    "feedback +2": Population(feedback=2.0),
    "concentration scatter 0.10 dex": Population(concentration_dex=0.10),
    "concentration scatter 0.20 dex": Population(concentration_dex=0.20),
    "central galaxies -0.15 dex": Population(galaxy_dex=-0.15),
    "central galaxies +0.15 dex": Population(galaxy_dex=0.15),
    "no baryons in cores": Population(baryons_shrink=False),
}
"""Other populations.

Cores of one cluster today are said to have formed for 5 to 7.5 Gyr: the two ages are as
far apart, a factor of 1.5, with that of the simulation between them.
"""
_SHIFTS: Final = 6_000_000  # first number of a stream that no training batch has


def shifts(
    model: keras.Model, recipe: Recipe
) -> tuple[dict[str, NDArray[np.float64]], dict[str, list[float]]]:
    """Return by how much the mean score is larger in other populations.

    The clusters are the same ones, seen with all channels and attributes and without
    noise, so that their scatter cancels.

    Parameters
    ----------
    model : keras.Model
        The trained network.
    recipe : Recipe
        Its ``n_systematic_ids`` and ``seed`` are used.

    Returns
    -------
    found : dict of str to (4, 2) ndarray of float64
        Cross-sections in cm2/g, and shifts, by the name of the population.
    errors : dict of str to list of float
        Their standard errors.
    """
    usual = _scores(model, recipe, Population())
    found, errors = {}, {}
    for name, population in OTHERS.items():
        moved = _scores(model, recipe, population) - usual
        found[name] = np.stack([np.array(TRUE), moved.mean(0)], axis=1)
        error = moved.std(0) / np.sqrt(len(moved))
        errors[name] = [float(value) for value in error]
    return found, errors


def _scores(
    model: keras.Model, recipe: Recipe, population: Population
) -> NDArray[np.float64]:
    """Return the (n_ids, 4) scores of a population."""
    made = clusters(
        CALIBRATION_IDS, recipe.n_systematic_ids, TRUE, population=population
    )
    view = View(np.ones(len(CHANNELS), bool))
    seen = Seen(made, np.arange(len(made)), [view] * len(made), (recipe.seed, _SHIFTS))
    return answers(model, seen)[SCORE].astype(np.float64).reshape(-1, len(TRUE))
