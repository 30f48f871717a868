"""The model of Morpheus, for which there are published weights alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from amphitrite_training.fitting.task import PublishedWeights
from amphitrite_training.surveys.morpheus.recipe import Recipe

if TYPE_CHECKING:
    from amphitrite.triton.artefact import Artefact


def _weights(recipe: Recipe) -> Artefact:
    from amphitrite_training.surveys.morpheus.pretrained import (
        pretrained,  # imports keras
    )

    artefact: Artefact = pretrained(recipe)
    return artefact


TASKS: Final = {
    "morpheus": PublishedWeights(
        recipe=Recipe(),
        weights=_weights,
        untrainable=(
            "training Morpheus from scratch needs the CANDELS images with their "
            "inspectors' votes, which are not distributed with Amphitrite"
        ),
    )
}
