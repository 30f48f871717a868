"""The scores of simulated clusters by what is known of them, and through noise.

What a score means depends on the channels, on whether the map of all mass is over its
maximum, and on the noise.  A curve of the score's mean and variance is made for each,
from random cross-sections.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import compress
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from amphitrite.surveys.darkcnn.learned import ScoreCurve, kind
from amphitrite.surveys.darkcnn.page import DISTANCE, SCORE
from amphitrite_training.surveys.darkcnn.data import COMBINATIONS
from amphitrite_training.surveys.darkcnn.judging import Seen, answers
from amphitrite_training.surveys.darkcnn.observing import View
from amphitrite_training.surveys.darkcnn.recipe import Recipe
from amphitrite_training.surveys.darkcnn.simulate.clusters import Clusters
from amphitrite_training.surveys.darkcnn.simulate.noise import convergence_error

if TYPE_CHECKING:
    import keras

NOISES: Final = (0.0, 800.0, 100.0, 50.0, 30.0)
"""Galaxies per arcmin2, from no noise to the largest; 0 stands for none."""
RELATIVE: Final = ((1, 0, 0), (1, 0, 1), (1, 1, 1))
"""Channels beside maps over their maximum; these have no noise."""
FALSE_ALARM: Final = 0.05
"""Share of simulated clusters that are said to be unlike them."""
_CURVES: Final = 5_000_000  # first number of a stream that no training batch has


@dataclass(frozen=True)
class Kind:
    """What is known of a cluster, and how well.

    Parameters
    ----------
    channels : (3,) ndarray of bool
    relative : bool
    galaxies : float
        Per arcmin2; 0 for no noise.
    """

    channels: NDArray[np.bool_]
    relative: bool
    galaxies: float

    @property
    def name(self) -> str:
        """As `amphitrite.surveys.darkcnn.learned.kind` calls it."""
        return kind(self.channels.astype(np.float32), relative=self.relative)

    @property
    def noise(self) -> float:
        """Standard deviation of the noise of all mass in a pixel."""
        return convergence_error(self.galaxies) if self.galaxies else 0.0


def kinds() -> Iterator[Kind]:
    """Yield all kinds of clusters, those of one name in the order of rising noise."""
    for channels in COMBINATIONS:
        for galaxies in NOISES:
            yield Kind(np.array(channels, bool), False, galaxies)
    for channels in RELATIVE:
        yield Kind(np.array(channels, bool), True, 0.0)


def score_curves(
    model: keras.Model,
    recipe: Recipe,
    clusters: Clusters,
    places: NDArray[np.intp],
    *,
    asked: Iterable[Kind] | None = None,
    least: int = 1,
    noise: float = 0.0,
) -> dict[str, list[ScoreCurve]]:
    """Return the curves of all kinds of clusters.

    Clusters beyond the distance that `FALSE_ALARM` of them exceed do not count in a
    curve, as they do not in a sample.

    Parameters
    ----------
    model : keras.Model
        A network whose distance has been set.
    recipe : Recipe
        Its ``attribute_drop``, ``kiloseconds`` and ``seed`` are used: attributes are as
        often absent as in training.
    clusters : Clusters
        Clusters that it was not trained on.
    places : (n,) ndarray of int
        Those with random cross-sections.
    asked : iterable of Kind, optional
        The kinds; all of `kinds` by default.
    least : int
        Clusters of which a curve is made: kinds as which fewer can be seen are left
        out.
    noise : float
        Of all mass in a pixel, that the maps themselves have.

    Returns
    -------
    dict of str to list of ScoreCurve
        By the name of the kind, in the order of rising noise.
    """
    curves: dict[str, list[ScoreCurve]] = {}
    for number, each in enumerate(kinds() if asked is None else asked):
        rng = np.random.default_rng([recipe.seed, _CURVES, number])
        drawn = [_view(each, recipe, rng) for _ in places]
        can_be = [
            _is_same(clusters.possible(int(place), view), view)
            for place, view in zip(places, drawn, strict=True)
        ]
        if sum(can_be) < least:
            continue
        views = list(compress(drawn, can_be))
        rows = places[can_be]
        seed = (recipe.seed, _CURVES, number)
        found = answers(model, Seen(clusters, rows, views, seed, recipe.attribute_drop))
        truth = clusters.truth["cross_section"][rows].astype(np.float64)
        score, distance = (found[name][:, 0] for name in (SCORE, DISTANCE))
        farthest = float(np.quantile(distance, 1 - FALSE_ALARM))
        near = distance <= farthest
        own = math.hypot(each.noise, noise)
        curve = ScoreCurve.of(own, truth[near], score[near], farthest)
        curves.setdefault(each.name, []).append(curve)
    return curves


def _is_same(possible: View, view: View) -> bool:
    """Return whether a cluster can be seen as it is to be."""
    same = np.array_equal(possible.channels, view.channels)
    return same and possible.relative == view.relative


def _view(each: Kind, recipe: Recipe, rng: np.random.Generator) -> View:
    """Return how a cluster of a kind is seen: exposures are as long as in training."""
    kiloseconds = float(np.exp(rng.uniform(*np.log(recipe.kiloseconds))))
    return View(
        each.channels,
        each.relative,
        each.galaxies,
        kiloseconds if each.galaxies else 0.0,
    )
