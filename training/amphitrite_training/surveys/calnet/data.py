"""Training data: prepared segments of simulated or real stars, split by star."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from amphitrite.surveys.calnet.prepare.segments import segments
from amphitrite_training.fitting.chunks import cached
from amphitrite_training.fitting.task import Arrays, Data
from amphitrite_training.surveys.calnet import archive
from amphitrite_training.surveys.calnet.recipe import MOST_STARS, Recipe
from amphitrite_training.surveys.calnet.samples import (
    LightCurves,
    Sample,
    Samples,
    read,
)
from amphitrite_training.surveys.calnet.simulate.stars import draw_star

# First seeds: training, validation and test must never share a star.
TRAINING_STARS: Final = MOST_STARS
VALIDATION_STARS: Final = 2 * MOST_STARS
TEST_STARS: Final = 3 * MOST_STARS
_CHUNK: Final = 250


@dataclass(frozen=True)
class Simulated(LightCurves):
    """A chunk of simulated stars.

    Parameters
    ----------
    first, n : int
        The first star's seed, and how many there are.
    interpolation : {"spline", "pchip"}
        See `amphitrite_training.surveys.calnet.recipe.Recipe`.
    """

    first: int
    n: int
    interpolation: Literal["spline", "pchip"]

    def samples(self) -> Iterator[Sample]:
        """Yield the prepared segments of the stars.

        Segments of binaries in which no eclipse stands out from the noise are left
        out: they look like any other star.
        """
        for seed in range(self.first, self.first + self.n):
            star = draw_star(seed)
            good = star.cadences.quality == 0
            for part in segments(
                star.cadences.time[good],
                star.flux[good],
                interpolation=self.interpolation,
            ):
                shows = star.shows_eclipse(part.time[0], part.time[-1])
                if star.is_binary and not shows:
                    continue
                yield Sample(
                    light_curve=part.light_curve,
                    periodogram=part.periodogram,
                    star=seed,
                    is_binary=shows,
                    kind=star.kind,
                    tmag=star.tmag,
                )


@dataclass(frozen=True)
class Batches:
    """The segments of a training or validation set, in batches.

    Parameters
    ----------
    samples : Samples
        The segments of all sets.
    chosen : (n,) ndarray of int
        Indices of the segments that belong to this set.
    recipe : Recipe
        Its batch size, seed and ``mirror`` are used.
    vary : bool
        Shuffle them, and mirror half of them if the recipe says so, as training does;
        else every epoch gives the same batches.
    """

    samples: Samples
    chosen: NDArray[np.integer]
    recipe: Recipe
    vary: bool

    def __len__(self) -> int:
        return len(self.chosen) // self.recipe.batch_size

    def batch(self, epoch: int, index: int) -> tuple[Arrays, Arrays]:
        """Return the inputs and the targets of a batch; the same for the same call."""
        size = self.recipe.batch_size
        rows = slice(index * size, (index + 1) * size)
        order = self.chosen
        if self.vary:
            seed = [self.recipe.seed, epoch]
            order = np.random.default_rng(seed).permutation(order)
        light_curves, periodograms = self.samples.take(order[rows])
        if self.vary and self.recipe.mirror:
            turned = np.random.default_rng([*seed, index + 1]).random(size) < 0.5
            light_curves[turned] = light_curves[turned, ::-1]
        labels = self.samples.labels.is_binary[order[rows]]
        return (
            {"light_curve": light_curves, "periodogram": periodograms},
            {"logit": labels.astype(np.float32)[:, None]},
        )


def data(recipe: Recipe) -> Data:
    """Return the training and validation segments of a recipe, made or cached.

    Parameters
    ----------
    recipe : Recipe
        How many stars, or where the archive is.

    Returns
    -------
    Data
        Segments of one star are all in one of the two sets.

    Raises
    ------
    BadInput
        The archive cannot be used, or a file of the cache is damaged.
    OutputError
        The cache folder cannot be written to.
    """
    if recipe.archive:
        chunks = archive.chunks(
            Path(recipe.archive),
            others_per_sector=recipe.others_per_sector,
            interpolation=recipe.interpolation,
        )
        real = read(cached(chunks))
        held_back = archive.held_back(real.labels.star)
        return Data(
            Batches(real, np.flatnonzero(~held_back), recipe, vary=True),
            Batches(real, np.flatnonzero(held_back), recipe, vary=False),
        )
    training = simulated(TRAINING_STARS, recipe.n_stars, recipe)
    validation = simulated(VALIDATION_STARS, recipe.n_validation_stars, recipe)
    return Data(
        Batches(training, np.arange(len(training)), recipe, vary=True),
        Batches(validation, np.arange(len(validation)), recipe, vary=False),
    )


def simulated(first: int, n: int, recipe: Recipe) -> Samples:
    """Return the prepared segments of simulated stars, made or read from the cache.

    Parameters
    ----------
    first, n : int
        Seed of the first star, and how many.
    recipe : Recipe
        Its ``interpolation`` is used.
    """
    chunks = [
        Simulated(begin, min(_CHUNK, first + n - begin), recipe.interpolation)
        for begin in range(first, first + n, _CHUNK)
    ]
    return read(cached(chunks))
