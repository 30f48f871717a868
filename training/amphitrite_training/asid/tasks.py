"""The models of ASID that can be trained."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from amphitrite.surveys.asid import COUNTS, UNET
from amphitrite_training.asid import data
from amphitrite_training.asid.recipe import SHIPPED, Recipe
from amphitrite_training.asid.simulate.sky import expect, make_sky
from amphitrite_training.task import Data, Task

if TYPE_CHECKING:
    import keras


def _build(recipe: Recipe) -> keras.Model:
    from amphitrite_training.asid.model import build

    return build(recipe)


def _loss(recipe: Recipe) -> Mapping[str, Any]:
    from amphitrite_training.asid.model import loss

    return {"logits": loss(recipe)}


def _learn(
    model: keras.Model, recipe: Recipe, sets: Data
) -> tuple[dict[str, Any], dict[str, Any]]:
    from amphitrite_training.asid.calibrate import calibrate

    return calibrate(model, recipe, sets.validation.skies)


def _samples(recipe: Recipe) -> Mapping[str, NDArray[Any]]:
    """Draw the counts of eight patches from pole to plane."""
    sky = make_sky(data.VALIDATION_SKIES, variant=recipe.variants[0])
    rng = np.random.default_rng(recipe.seed)
    chosen = [
        expect(sky, patch).counts
        for patch in data.patches()[:: data.N_PATCHES // 2 // 7][:8]
    ]
    return {
        tensor.name: np.stack([rng.poisson(c[band]) for c in chosen]).astype(np.float32)
        for band, tensor in enumerate(COUNTS)
    }


TASKS: Mapping[str, Task[Recipe]] = {
    "unet": Task(
        recipe=SHIPPED,
        spec=UNET,
        build=_build,
        loss=_loss,
        data=data.data,
        samples=_samples,
        learn=_learn,
    )
}
