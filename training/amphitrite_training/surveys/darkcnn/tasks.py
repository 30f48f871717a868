"""The network for clusters that can be trained."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from numpy.typing import NDArray

from amphitrite.surveys.darkcnn.page import MODEL
from amphitrite_training.fitting.task import Data, Task
from amphitrite_training.surveys.darkcnn import data
from amphitrite_training.surveys.darkcnn.recipe import Recipe

if TYPE_CHECKING:
    import keras

_N_SAMPLES: Final = 16


def _build(recipe: Recipe) -> keras.Model:
    from amphitrite_training.surveys.darkcnn.model import build

    return build(recipe)


def _losses(recipe: Recipe) -> Mapping[str, Any]:
    from amphitrite_training.surveys.darkcnn.model import losses

    return losses(recipe)


def _learn(
    model: keras.Model, recipe: Recipe, sets: Data
) -> tuple[dict[str, Any], dict[str, Any]]:
    from amphitrite_training.surveys.darkcnn.calibrate import calibrate

    return calibrate(model, recipe, sets.training.clusters)


def _samples(recipe: Recipe) -> Mapping[str, NDArray[Any]]:
    """Return clusters of the validation set, seen in many ways."""
    few = replace(recipe, n_validation_ids=_N_SAMPLES // 2, batch_size=_N_SAMPLES)
    return data.validation(few).batch(0, 0)[0]


TASKS: Mapping[str, Task[Recipe]] = {
    "darkcnn": Task(
        recipe=Recipe(),
        spec=MODEL,
        build=_build,
        loss=_losses,
        data=data.data,
        samples=_samples,
        learn=_learn,
    ),
}
