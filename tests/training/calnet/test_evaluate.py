"""Truth beside catalogue."""

from __future__ import annotations

import numpy as np
from astropy import units as u
from astropy.table import QTable

from amphitrite_training.calnet import data
from amphitrite_training.calnet.evaluate import STARS_PER_FIELD, scored
from amphitrite_training.calnet.recipe import MOST_STARS
from amphitrite_training.calnet.simulate.files import tic
from amphitrite_training.calnet.simulate.stars import draw_star


def test_stars_are_matched_by_number_and_may_be_missing():
    stars = [draw_star(seed) for seed in (2, 3, 4, 5)]
    order = [3, 0, 2]
    catalogue = QTable(
        {
            "tic": [tic(stars[i]) for i in order],
            "p_eb": np.array([0.25, 0.99, 0.5], np.float32),
            "period": [7.0, 1.5, 3.0] * u.d,
        }
    )
    found = scored(stars, catalogue, 0.5)
    np.testing.assert_array_equal(found.p_eb, np.float32([0.99, np.nan, 0.5, 0.25]))
    # the last star is below the threshold, the second is not there
    np.testing.assert_array_equal(found.found_period, [1.5, np.nan, 3.0, np.nan])
    for index, star in enumerate(stars):
        assert found.kind[index] == star.kind
        assert found.depth[index] == star.depth
        assert found.period[index] == star.period
        assert found.tmag[index] == star.tmag


def test_an_empty_catalogue_finds_nothing():
    empty = QTable({"tic": np.zeros(0, int), "p_eb": [], "period": [] * u.d})
    found = scored([draw_star(2)], empty, 0.5)
    assert np.isnan(found.p_eb).all()


def test_stars_of_the_evaluation_are_never_trained_on():
    assert data.TRAINING_STARS + MOST_STARS <= data.VALIDATION_STARS
    assert data.VALIDATION_STARS + MOST_STARS <= data.TEST_STARS
    assert STARS_PER_FIELD * 12 >= 3_000
