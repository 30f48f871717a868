"""The model of CALNet that can be trained."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from amphitrite.surveys.calnet.page import MODEL
from amphitrite_training.fitting.task import Data, Task
from amphitrite_training.surveys.calnet import data
from amphitrite_training.surveys.calnet.recipe import SHIPPED, Recipe

if TYPE_CHECKING:
    import keras


_N_SAMPLE_STARS = 12


def _build(recipe: Recipe) -> keras.Model:
    from amphitrite_training.surveys.calnet.model import build

    return build(recipe)


def _loss(recipe: Recipe) -> Mapping[str, Any]:
    from amphitrite_training.surveys.calnet.model import loss

    return {"logit": loss()}


def _learn(
    model: keras.Model, recipe: Recipe, sets: Data
) -> tuple[dict[str, Any], dict[str, Any]]:
    from amphitrite_training.surveys.calnet.calibrate import calibrate

    return calibrate(model, recipe, sets.validation)


def _samples(recipe: Recipe) -> Mapping[str, NDArray[Any]]:
    """Prepare segments of a dozen simulated stars."""
    some = data.simulated(data.VALIDATION_STARS, _N_SAMPLE_STARS, recipe)
    light_curves, periodograms = some.take(np.arange(len(some)))
    return {"light_curve": light_curves, "periodogram": periodograms}


TASKS: Mapping[str, Task[Recipe]] = {
    "calnet": Task(
        recipe=SHIPPED,
        spec=MODEL,
        build=_build,
        loss=_loss,
        data=data.data,
        samples=_samples,
        learn=_learn,
    )
}
