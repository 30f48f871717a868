"""Training data: simulated clusters, each time turned and observed in another way."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from amphitrite.surveys.darkcnn.learned import logarithm
from amphitrite.surveys.darkcnn.page import (
    ATTRIBUTES,
    CHANNELS,
    CROSS_SECTIONS,
    KNOWN,
    KNOWN_PRESENT,
    MAPS,
    PIXELS,
    PRESENT,
    RELATIVE,
    SCORE,
)
from amphitrite_training.fitting.task import Arrays, Data
from amphitrite_training.surveys.darkcnn.observing import (
    View,
    attributes,
    quarter_turned,
    seen,
    turned,
)
from amphitrite_training.surveys.darkcnn.recipe import MOST_IDS, Recipe
from amphitrite_training.surveys.darkcnn.simulate.clusters import Clusters, clusters

# First ids: no set must share a cluster with another, whatever its cross-section and
# redshift; each id has one redshift.
TRAINING_IDS: Final = MOST_IDS
VALIDATION_IDS: Final = 2 * MOST_IDS
CALIBRATION_IDS: Final = 3 * MOST_IDS
TEST_IDS: Final = 4 * MOST_IDS

COMBINATIONS: Final = ((1, 0, 0), (1, 1, 0), (1, 0, 1), (1, 1, 1))
"""Channels that are present together, in the order of ``Recipe.channel_shares``."""


@dataclass(frozen=True)
class Batches:
    """Simulated clusters in batches, seen in ways that are drawn at random.

    Parameters
    ----------
    clusters : Clusters
        The clusters of the set.
    recipe : Recipe
        What is drawn, and how often.
    vary : bool
        Order and draw anew in each epoch, and turn the clusters, as training does.
        Clusters that fill no whole batch are then left out of an epoch.
    passes : int
        How often each cluster comes in an epoch, each time seen in another way.
    """

    clusters: Clusters
    recipe: Recipe
    vary: bool
    passes: int = 1

    def __len__(self) -> int:
        n, size = len(self.clusters) * self.passes, self.recipe.batch_size
        return max(n // size, 1) if self.vary else -(-n // size)

    def batch(self, epoch: int, index: int) -> tuple[Arrays, Arrays]:
        """Return the inputs and targets of a batch; the same for the same call."""
        recipe, size = self.recipe, self.recipe.batch_size
        order = np.tile(np.arange(len(self.clusters)), self.passes)
        if self.vary:
            np.random.default_rng([recipe.seed, epoch]).shuffle(order)
        places = order[index * size : (index + 1) * size]
        rng = np.random.default_rng([recipe.seed, self.vary, epoch, index])
        views = [drawn(recipe, rng) for _ in places]
        present = rng.random((len(places), len(ATTRIBUTES))) >= recipe.attribute_drop
        present[:, 0] = True  # the redshift
        inputs = observed(
            self.clusters, places, views, rng, present, turn=self._turn(rng)
        )
        wanted = targets(self.clusters.truth["cross_section"][places])
        if not recipe.continuous:
            del wanted[SCORE]
        return inputs, wanted

    def _turn(self, rng: np.random.Generator) -> float | None:
        return self.recipe.free_turns if self.vary else None


def observed(
    clusters: Clusters,
    places: NDArray[np.intp],
    views: list[View],
    rng: np.random.Generator,
    attributes_present: NDArray[np.bool_],
    turn: float | None = None,
) -> Arrays:
    """Return a network's inputs for some clusters.

    Parameters
    ----------
    clusters : Clusters
    places : (n,) ndarray of int
        Which of them.
    views : list of View
        How each of them is seen, as far as it can be.
    rng : numpy.random.Generator
        For turns, noise, and the error of the mass.
    attributes_present : (n, 4) ndarray of bool
        Which attributes are told, if they are known at all.
    turn : float, optional
        The share of clusters that are turned by any angle; the others are put into one
        of the eight positions of a square.  Nothing is turned without it.
    """
    known = attributes(clusters, places, rng)
    told = attributes_present & np.isfinite(known)
    views = [
        clusters.possible(int(place), view)
        for place, view in zip(places, views, strict=True)
    ]
    maps = np.empty((len(places), PIXELS, PIXELS, len(CHANNELS)), np.float32)
    for row, (place, view) in enumerate(zip(places, views, strict=True)):
        three = clusters[int(place)]
        if turn is not None:
            three = quarter_turned(three, int(rng.integers(8)))
            if rng.random() < turn:
                three = turned(three, rng.uniform(0, np.pi / 2))
        maps[row] = seen(three, view, rng)
    return {
        MAPS: maps,
        PRESENT: np.array([view.channels for view in views], np.float32),
        RELATIVE: np.array([[view.relative] for view in views], np.float32),
        KNOWN: np.where(told, known, 0).astype(np.float32),
        KNOWN_PRESENT: told.astype(np.float32),
    }


def drawn(recipe: Recipe, rng: np.random.Generator) -> View:
    """Return a random way to see a cluster, as often as a recipe says.

    The numbers that are drawn are as many each time, whatever comes of them.
    """
    combination = rng.choice(len(COMBINATIONS), p=_normalised(recipe.channel_shares))
    relative, noisy = rng.random(2) < (recipe.relative_share, recipe.noisy_share)
    galaxies, kiloseconds = (
        float(np.exp(rng.uniform(*np.log(limits))))
        for limits in (recipe.galaxies, recipe.kiloseconds)
    )
    noise = bool(noisy and not relative)
    return View(
        np.array(COMBINATIONS[combination], bool),
        bool(relative),
        galaxies if noise else 0.0,
        kiloseconds if noise else 0.0,
    )


def targets(cross_sections: NDArray[np.floating]) -> Arrays:
    """Return what a network is to say of (n,) cross-sections in cm2/g.

    Returns
    -------
    dict
        ``logits``: 1 for the class, and 0 throughout where it is none;
        ``log_cross_section``.
    """
    classes = cross_sections[:, None] == np.array(CROSS_SECTIONS)
    return {
        "logits": classes.astype(np.float32),
        SCORE: logarithm(cross_sections)[:, None].astype(np.float32),
    }


def class_of(cross_sections: NDArray[np.floating]) -> NDArray[np.intp]:
    """Return the class of (n,) cross-sections; -1 for those of none."""
    is_class = cross_sections[:, None] == np.array(CROSS_SECTIONS)
    return np.where(is_class.any(1), is_class.argmax(1), -1)


def data(recipe: Recipe) -> Data:
    """Return the training and validation clusters of a recipe.

    Raises
    ------
    BadInput
        A file of the cache is damaged.
    OutputError
        The cache folder cannot be written to.
    """
    training = clusters(TRAINING_IDS, recipe.n_ids, n_random=recipe.n_drawn)
    return Data(Batches(training, recipe, vary=True), validation(recipe))


def validation(recipe: Recipe) -> Batches:
    """Return the validation clusters of a recipe, the same ones each time."""
    found = clusters(VALIDATION_IDS, recipe.n_validation_ids, n_random=recipe.n_drawn)
    return Batches(found, recipe, vary=False)


def _normalised(shares: tuple[float, ...]) -> NDArray[np.float64]:
    return np.array(shares) / sum(shares)
