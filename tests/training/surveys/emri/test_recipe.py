"""Recipes are checked, and signals become fainter as they say."""

from __future__ import annotations

from dataclasses import replace

import pytest

from amphitrite.errors import BadInput
from amphitrite_training.surveys.emri.recipe import Recipe


def test_signals_become_fainter():
    recipe = Recipe(snr_first=(80, 200), snr_last=(20, 100), settled=4)
    assert recipe.ratios(0) == (80, 200)
    assert recipe.ratios(2) == (50, 150)
    assert recipe.ratios(4) == recipe.ratios(9) == (20, 100)
    assert replace(recipe, settled=0).ratios(0) == (20, 100)


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ({"window": 2000}, "window must be one of 1024, .*; received 2000"),
        ({"degree": -1}, "degree must not be negative; received -1"),
        ({"channels": (8, 8, 8)}, "four at least; received 3"),
        ({"n_signals": 1}, "n_signals must be from 2 to 1,000,000"),
        ({"n_validation_signals": 2_000_000}, "received 2,000,000"),
        ({"n_noise": 9}, "n_noise must be 10 at least; received 9"),
        ({"snr_last": (30.0, 20.0)}, "two rising ratios above 0; received 30.0, 20.0"),
        ({"snr_first": (0.0, 20.0)}, "snr_first must be two rising"),
    ],
)
def test_values_out_of_range_are_refused(setting, said):
    with pytest.raises(BadInput, match=said):
        Recipe(**setting)
