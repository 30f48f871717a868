"""The networks for inspirals that can be trained."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from numpy.typing import NDArray

from amphitrite.surveys.emri.page import MODEL, TABLE_3
from amphitrite_training.fitting.task import Data, Task
from amphitrite_training.surveys.emri import data
from amphitrite_training.surveys.emri.recipe import Recipe

if TYPE_CHECKING:
    import keras

_N_SAMPLES: Final = 8


def _build(recipe: Recipe) -> keras.Model:
    from amphitrite_training.surveys.emri.model import build

    return build(recipe)


def _build_table3(recipe: Recipe) -> keras.Model:
    from amphitrite_training.surveys.emri.model import build_table3

    return build_table3(recipe)


def _loss(recipe: Recipe) -> Mapping[str, Any]:
    from amphitrite_training.surveys.emri.model import loss

    return {data.LOGIT: loss()}


def _learn(
    model: keras.Model, recipe: Recipe, sets: Data
) -> tuple[dict[str, Any], dict[str, Any]]:
    from amphitrite_training.surveys.emri.calibrate import calibrate

    return calibrate(model, recipe)


def _samples(recipe: Recipe) -> Mapping[str, NDArray[Any]]:
    """Return segments of the validation set, half of them with a signal."""
    few = replace(recipe, n_validation_signals=_N_SAMPLES // 2, batch_size=_N_SAMPLES)
    return data.validation(few).batch(0, 0)[0]


TASKS: Mapping[str, Task[Recipe]] = {
    "emri": Task(
        recipe=Recipe(),
        spec=MODEL,
        build=_build,
        loss=_loss,
        data=data.data,
        samples=_samples,
        learn=_learn,
    ),
    "emri_table3": Task(
        # it learns nothing unless the first signals are very loud, and needs 4 GB for a
        # batch of 16
        recipe=Recipe(
            snr_first=(300.0, 800.0),
            snr_last=(40.0, 120.0),
            settled=11,
            steps=25,
            epochs=20,
            batch_size=16,
            learning_rate=5e-4,
            warmup_steps=20,
            n_validation_signals=96,
        ),
        spec=TABLE_3,
        build=_build_table3,
        loss=_loss,
        data=data.data,
        samples=_samples,
        learn=_learn,
    ),
}
