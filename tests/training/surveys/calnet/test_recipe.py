"""What can be asked of a recipe."""

from __future__ import annotations

import pytest

from amphitrite.errors import BadInput
from amphitrite_training.fitting.artefact import as_json_types
from amphitrite_training.fitting.recipe import override
from amphitrite_training.surveys.calnet.recipe import MOST_STARS, SHIPPED, Recipe


def test_the_defaults_are_the_paper_s():
    recipe = Recipe()
    assert (recipe.batch_size, recipe.epochs, recipe.learning_rate) == (128, 30, 1e-3)
    assert (recipe.optimiser, recipe.schedule) == ("amsgrad", "constant")
    assert (recipe.width, recipe.spatial_gate, recipe.dropout) == (1.0, "time", 0.5)
    assert recipe.interpolation == "spline"
    changes = (recipe.standardise, recipe.batch_norm, recipe.mirror)
    assert not any(changes)


def test_values_are_chosen_by_name():
    recipe = override(
        SHIPPED, ["optimiser=rmsprop", "interpolation=spline", "archive=/data/tess"]
    )
    assert (recipe.optimiser, recipe.interpolation) == ("rmsprop", "spline")
    assert recipe.archive == "/data/tess"
    with pytest.raises(BadInput, match="'spatial_gate' takes one of time, channels"):
        override(SHIPPED, ["spatial_gate=space"])


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"width": 0.0}, r"width must be positive; received 0\.0"),
        ({"dropout": 1.0}, r"dropout must be at least 0 and below 1; received 1\.0"),
        ({"n_stars": 1}, "n_stars must be from 2 to 1,000,000.*; received 1"),
        ({"n_validation_stars": MOST_STARS + 1}, r"another set; received 1,000,001"),
        ({"others_per_sector": -1}, "others_per_sector must not be negative"),
    ],
)
def test_impossible_values_are_refused(values, message):
    with pytest.raises(BadInput, match=message):
        Recipe(**values)


def test_a_recipe_can_be_written_down():
    assert as_json_types(SHIPPED)["interpolation"] == "pchip"
