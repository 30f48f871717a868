"""The models of ASID that can be trained."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from amphitrite.surveys.asid.page import (
    CLASSIFIER,
    COUNTS,
    FLUX,
    LOCATION,
    UNET,
    per_source,
)
from amphitrite_training.fitting.task import Data, Task
from amphitrite_training.surveys.asid import data
from amphitrite_training.surveys.asid.heads import data as head_data
from amphitrite_training.surveys.asid.heads.published import published
from amphitrite_training.surveys.asid.heads.recipe import (
    SHIPPED_CLASSIFIER,
    SHIPPED_FLUX,
    SHIPPED_LOCATION,
    ClassifierRecipe,
    FluxRecipe,
    LocationRecipe,
)
from amphitrite_training.surveys.asid.recipe import SHIPPED, Recipe
from amphitrite_training.surveys.asid.simulate.sky import expect, make_sky

if TYPE_CHECKING:
    import keras


def _build(recipe: Recipe) -> keras.Model:
    from amphitrite_training.surveys.asid.model import build

    return build(recipe)


def _loss(recipe: Recipe) -> Mapping[str, Any]:
    from amphitrite_training.surveys.asid.model import loss

    return {"logits": loss(recipe)}


def _learn(
    model: keras.Model, recipe: Recipe, sets: Data
) -> tuple[dict[str, Any], dict[str, Any]]:
    from amphitrite_training.surveys.asid.calibrate import calibrate

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


def _build_flux(recipe: FluxRecipe) -> keras.Model:
    from amphitrite_training.surveys.asid.heads.model import build_flux

    return build_flux(recipe)


def _build_classifier(recipe: ClassifierRecipe) -> keras.Model:
    from amphitrite_training.surveys.asid.heads.model import build_classifier

    return build_classifier(recipe)


def _build_location(recipe: LocationRecipe) -> keras.Model:
    from amphitrite_training.surveys.asid.heads.model import build_location

    return build_location(recipe)


def _gaussian_loss(recipe: FluxRecipe | LocationRecipe) -> Mapping[str, Any]:
    from amphitrite_training.surveys.asid.heads.model import MEMBERS, gaussian_loss

    return {MEMBERS: gaussian_loss()}


def _fake_loss(recipe: ClassifierRecipe) -> Mapping[str, Any]:
    from amphitrite_training.surveys.asid.heads.model import fake_loss

    return {"fake_logit": fake_loss()}


def _learn_flux(
    model: keras.Model, recipe: FluxRecipe, sets: Data
) -> tuple[dict[str, Any], dict[str, Any]]:
    from amphitrite_training.surveys.asid.heads.calibrate import (
        calibrate_flux,
        flux_systematic,
    )
    from amphitrite_training.surveys.asid.heads.model import training_exposure

    learned, measured = calibrate_flux(model, sets.validation.peaks)
    learned["flux_systematic"] = flux_systematic(model, head_data.same_sources())
    learned["training_exposure"] = training_exposure()
    return learned | _detector(), measured


def _learn_classifier(
    model: keras.Model, recipe: ClassifierRecipe, sets: Data
) -> tuple[dict[str, Any], dict[str, Any]]:
    from amphitrite_training.surveys.asid.heads.calibrate import calibrate_classifier

    learned, measured = calibrate_classifier(
        model,
        sets.validation.peaks,
        head_data.by_bands(recipe),
        candidate_score=recipe.least_score,
    )
    return learned | _detector(), measured


def _learn_location(
    model: keras.Model, recipe: LocationRecipe, sets: Data
) -> tuple[dict[str, Any], dict[str, Any]]:
    from amphitrite_training.surveys.asid.heads.calibrate import calibrate_location

    learned, measured = calibrate_location(model, sets.validation.peaks)
    return learned | _detector(), measured


def _detector() -> dict[str, str]:
    """Return the digest of the detector whose peaks the network learned from."""
    return {"detector": published().digest}


TASKS: Mapping[str, Task[Any]] = {
    "unet": Task(
        recipe=SHIPPED,
        spec=UNET,
        build=_build,
        loss=_loss,
        data=data.data,
        samples=_samples,
        learn=_learn,
    ),
    "flux": Task(
        recipe=SHIPPED_FLUX,
        spec=per_source(FLUX),
        build=_build_flux,
        loss=_gaussian_loss,
        data=partial(head_data.data, what="flux"),
        samples=partial(head_data.samples, what="flux"),
        learn=_learn_flux,
    ),
    "classifier": Task(
        recipe=SHIPPED_CLASSIFIER,
        spec=per_source(CLASSIFIER),
        build=_build_classifier,
        loss=_fake_loss,
        data=partial(head_data.data, what="fake"),
        samples=partial(head_data.samples, what="fake"),
        learn=_learn_classifier,
    ),
    "location": Task(
        recipe=SHIPPED_LOCATION,
        spec=per_source(LOCATION),
        build=_build_location,
        loss=_gaussian_loss,
        data=partial(head_data.data, what="offset"),
        samples=partial(head_data.samples, what="offset"),
        learn=_learn_location,
    ),
}
