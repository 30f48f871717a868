"""What can be trained: the one network of stamps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from amphitrite.surveys.stamps.page import MODEL
from amphitrite_training.surveys.stamps.model import build
from amphitrite_training.surveys.stamps.recipe import Recipe
from amphitrite_training.surveys.stamps.simulate import draw

from amphitrite_training.fitting.task import Arrays, Data, Task


@dataclass(frozen=True)
class Stars:
    """Batches of simulated stars."""

    recipe: Recipe
    seed: int

    def __len__(self) -> int:
        return self.recipe.n_batches

    def batch(self, epoch: int, index: int) -> tuple[Arrays, Arrays]:
        """Return one batch: pixels and fluxes."""
        rng = np.random.default_rng([self.seed, epoch, index])
        pixels, flux = draw(rng, self.recipe.batch_size)
        return {"pixels": pixels}, {"flux": flux}


def _data(recipe: Recipe) -> Data:
    return Data(Stars(recipe, seed=0), Stars(recipe, seed=1))


def _loss(recipe: Recipe) -> dict[str, Any]:
    return {"flux": "mean_squared_error"}


def _samples(recipe: Recipe) -> Arrays:
    return Stars(recipe, seed=2).batch(0, 0)[0]


TASKS: Final = {"stamps": Task(Recipe(), MODEL, build, _loss, _data, _samples)}
