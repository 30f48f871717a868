"""Recipes: the published one, and what is refused."""

from __future__ import annotations

import pytest

from amphitrite.errors import BadInput
from amphitrite_training.fitting.recipe import override
from amphitrite_training.surveys.asid.recipe import SHIPPED, Recipe


def test_the_published_values():
    recipe = Recipe()
    assert (recipe.width, recipe.l2, recipe.scaling) == (1.0, 1e-3, "max")
    assert (recipe.disc_radius_pixels, recipe.log_sigma_pixels) == (8.0, 6.0)
    assert (recipe.source_weight, recipe.background_weight) == (0.6, 0.4)
    assert (recipe.batch_size, recipe.epochs, recipe.learning_rate) == (32, 250, 1e-3)
    assert recipe.schedule == "plateau"


def test_the_unseen_variant_is_not_trained_on():
    assert "C" not in Recipe().variants + SHIPPED.variants


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("variants=AX", r"variants must be some of A, B, C.*received 'AX'"),
        ("variants=", r"variants must be some of A, B, C.*received ''"),
        ("width=0.0", "width must be positive; received 0.0"),
        ("depth_low=0", "depth_low must be positive; received 0"),
        ("n_skies=0", "n_skies must be from 1 to 1000"),
        ("n_skies=1001", "beyond which skies would be those of validation"),
        ("disc_profile=cone", "one of flat, dome; received 'cone'"),
        ("scaling=log", "one of max, sqrt; received 'log'"),
        ("epochs=0", "epochs must be positive"),
    ],
)
def test_values_that_cannot_be_are_refused(setting, message):
    with pytest.raises(BadInput, match=message):
        override(SHIPPED, [setting])
