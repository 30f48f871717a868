"""The recipes of the networks that describe a source."""

from __future__ import annotations

import pytest

from amphitrite.errors import BadInput
from amphitrite_training.fitting.recipe import override
from amphitrite_training.surveys.asid.heads.recipe import (
    SHIPPED_CLASSIFIER,
    SHIPPED_FLUX,
    SHIPPED_LOCATION,
    ClassifierRecipe,
    FluxRecipe,
    LocationRecipe,
)


def test_the_defaults_are_the_published_ones():
    # Fermi-LATV2-DL: optimiser, step, batch, patience, members
    flux, classifier, location = FluxRecipe(), ClassifierRecipe(), LocationRecipe()
    assert (flux.optimiser, flux.learning_rate, flux.batch_size) == ("adam", 5e-5, 64)
    assert (flux.patience, flux.members) == (20, 3)
    assert (classifier.optimiser, classifier.learning_rate) == ("rmsprop", 5e-5)
    assert (classifier.batch_size, classifier.patience) == (32, 20)
    assert (location.learning_rate, location.batch_size) == (9e-5, 32)
    assert (location.patience, location.members) == (25, 12)


def test_values_are_changed_by_name():
    assert override(SHIPPED_LOCATION, ["members=2"]).members == 2
    with pytest.raises(BadInput, match="members"):
        override(SHIPPED_CLASSIFIER, ["members=2"])


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("width=0", "width must be positive"),
        ("members=0", "members must be positive"),
        ("n_draws=0", "n_draws must be positive"),
        ("n_skies=1001", "another set"),
        ("n_validation_skies=0", "from 1 to"),
        ("variants=AX", "must be some of A, B, C"),
        ("variants=", "must be some of A, B, C"),
    ],
)
def test_values_out_of_range_are_refused(setting, message):
    with pytest.raises(BadInput, match=message):
        override(SHIPPED_FLUX, [setting])
