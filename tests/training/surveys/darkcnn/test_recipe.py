"""Recipes are checked."""

from __future__ import annotations

import pytest

from amphitrite.errors import BadInput
from amphitrite_training.fitting.recipe import override
from amphitrite_training.surveys.darkcnn.recipe import Recipe


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ({"width": 0.0}, "width must be above 0, up to 2; received 0.0"),
        ({"members": 4}, "members must be 1 to 3; received 4"),
        ({"pixels": 64}, "pixels must be 100 or 50; received 64"),
        ({"n_ids": 1}, "n_ids must be from 2 to 1,000,000"),
        ({"n_validation_ids": 2_000_000}, "those of another set; received 2,000,000"),
        ({"n_calibration_ids": 0}, "n_calibration_ids must be from 2"),
        ({"n_systematic_ids": 0}, "n_systematic_ids must be from 2"),
        ({"n_random": -1}, "n_random must not be negative; received -1"),
        ({"noisy_share": 1.5}, "noisy_share must be from 0 to 1; received 1.5"),
        ({"relative_share": -0.1}, "relative_share must be from 0 to 1"),
        ({"attribute_drop": 2.0}, "attribute_drop must be from 0 to 1"),
        ({"free_turns": 2.0}, "free_turns must be from 0 to 1"),
        ({"drop": 1.0}, "drop must be below 1; received 1.0"),
        ({"channel_shares": (0.5, 0.5)}, "four shares that sum to 1; received 0.5"),
        ({"channel_shares": (0.5, 0.5, 0.5, 0.5)}, "four shares that sum to 1"),
        ({"channel_shares": (2.0, -1.0, 0.0, 0.0)}, "four shares that sum to 1"),
        ({"galaxies": (100.0, 30.0)}, "galaxies must be two rising numbers above 0"),
        ({"kiloseconds": (0.0, 30.0)}, "kiloseconds must be two rising .* 0.0, 30.0"),
        ({"kiloseconds": (10.0,)}, "kiloseconds must be two rising numbers"),
    ],
)
def test_values_out_of_range_are_refused(setting, said):
    with pytest.raises(BadInput, match=said):
        Recipe(**setting)


def test_three_classes_need_no_random_cross_sections():
    assert Recipe(n_random=2).n_drawn == 2
    assert Recipe(n_random=2, continuous=False).n_drawn == 0


def test_the_way_of_the_paper_is_a_few_settings():
    recipe = override(
        Recipe(), ["scaling=maximum", "continuous=False", "noisy_share=0"]
    )
    assert (recipe.scaling, recipe.n_drawn, recipe.noisy_share) == ("maximum", 0, 0.0)
