"""A trained network's answers on simulated clusters that are seen in a certain way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from amphitrite.surveys.darkcnn.page import ATTRIBUTES
from amphitrite_training.fitting.prefetch import prefetched
from amphitrite_training.fitting.task import Arrays
from amphitrite_training.surveys.darkcnn.data import drawn, observed
from amphitrite_training.surveys.darkcnn.observing import View
from amphitrite_training.surveys.darkcnn.recipe import Recipe
from amphitrite_training.surveys.darkcnn.simulate.clusters import Clusters

if TYPE_CHECKING:
    import keras

N_VIEWS: Final = 4
"""Ways in which each cluster is seen to calibrate a network."""
_BATCH: Final = 64


@dataclass(frozen=True)
class Seen:
    """Some clusters in batches, of which each is seen in a stated way.

    Parameters
    ----------
    clusters : Clusters
    places : (n,) ndarray of int
        Which of them.
    views : sequence of View
        How each is seen.
    seed : tuple of int
        Of the noise, the error of the mass, and of what is absent.
    attribute_drop : float
        Probability that an attribute is absent; the redshift never is.
    """

    clusters: Clusters
    places: NDArray[np.intp]
    views: Sequence[View]
    seed: tuple[int, ...]
    attribute_drop: float = 0.0

    def __len__(self) -> int:
        return -(-len(self.places) // _BATCH)

    def batch(self, epoch: int, index: int) -> tuple[Arrays, Arrays]:
        """Return the inputs of a batch, and no targets."""
        part = slice(index * _BATCH, (index + 1) * _BATCH)
        places, views = self.places[part], list(self.views[part])
        rng = np.random.default_rng([*self.seed, index])
        present = rng.random((len(places), len(ATTRIBUTES))) >= self.attribute_drop
        present[:, 0] = True  # the redshift
        return observed(self.clusters, places, views, rng, present), {}


def answers(model: keras.Model, clusters: Seen) -> Mapping[str, NDArray[np.float32]]:
    """Return a network's outputs for some clusters, by name, in their order.

    Parameters
    ----------
    model : keras.Model
        With the inputs of the page; it may have other outputs.
    clusters : Seen
        How they are seen.
    """
    found: dict[str, list[Any]] = {}
    with prefetched(clusters, epoch=0) as batches:
        for inputs, _ in batches:
            fed = [inputs[tensor.name] for tensor in model.inputs]
            for name, values in model.predict_on_batch(fed).items():
                found.setdefault(name, []).append(np.asarray(values))
    return {name: np.concatenate(values) for name, values in found.items()}


def answers_as_in_training(
    model: keras.Model,
    clusters: Clusters,
    places: NDArray[np.intp],
    recipe: Recipe,
    seed: tuple[int, ...],
) -> Mapping[str, NDArray[np.float32]]:
    """Return a network's outputs for clusters that are seen as in its training.

    Parameters
    ----------
    model, clusters, places
        See `Seen` and `answers`.
    recipe : Recipe
        What is drawn, and how often.
    seed : tuple of int
        Of all that is drawn.

    Returns
    -------
    mapping of str to ndarray
        By name; all clusters seen once, all seen another time, and so on, `N_VIEWS`
        times.
    """
    places = np.tile(places, N_VIEWS)
    rng = np.random.default_rng([*seed, 1])
    views = [drawn(recipe, rng) for _ in places]
    seen = Seen(clusters, places, views, (*seed, 2), recipe.attribute_drop)
    return answers(model, seen)
