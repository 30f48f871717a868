"""Truth beside catalogue."""

from __future__ import annotations

import numpy as np
import pytest
from astropy import units as u
from astropy.table import QTable

from amphitrite_training.surveys.calnet import data
from amphitrite_training.surveys.calnet.evaluate import (
    STARS_PER_FIELD,
    scored,
    seeds,
    write,
)
from amphitrite_training.surveys.calnet.recipe import MOST_STARS
from amphitrite_training.surveys.calnet.simulate.files import TRUTH, tic
from amphitrite_training.surveys.calnet.simulate.stars import draw_star

SEEDS = (2, 3, 4, 5)


@pytest.fixture(scope="module")
def stars():
    return [draw_star(seed) for seed in SEEDS]


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """A folder of light curves, and their truth."""
    folder = tmp_path_factory.mktemp("stars") / "new"
    return folder, write(SEEDS, folder)


def test_stars_are_written_with_their_truth(written, stars):
    folder, known = written
    assert known.colnames == [column.name for column in TRUTH]
    assert list(known["tic"]) == [tic(star) for star in stars]
    names = sorted(path.name for path in folder.iterdir())
    assert len(names) == len(SEEDS)
    for star, row in zip(stars, known, strict=True):
        assert any(f"-{tic(star):016d}-" in name for name in names)
        assert row["depth"] == star.depth


def test_stars_are_matched_by_number_and_may_be_missing(written, stars):
    _, known = written
    order = [3, 0, 2]
    catalogue = QTable(
        {
            "tic": [tic(stars[i]) for i in order],
            "p_eb": np.array([0.25, 0.99, 0.5], np.float32),
            "period": [7.0, 1.5, 3.0] * u.d,
        }
    )
    found = scored(known, catalogue, 0.5)
    np.testing.assert_array_equal(found.p_eb, np.float32([0.99, np.nan, 0.5, 0.25]))
    # the last star is below the threshold, the second is not there
    np.testing.assert_array_equal(found.found_period, [1.5, np.nan, 3.0, np.nan])
    np.testing.assert_array_equal(found.seed, SEEDS)
    for index, star in enumerate(stars):
        assert found.kind[index] == star.kind
        assert found.depth[index] == star.depth
        assert found.period[index] == star.period
        assert found.tmag[index] == star.tmag


def test_an_empty_catalogue_finds_nothing(written):
    empty = QTable({"tic": np.zeros(0, int), "p_eb": [], "period": [] * u.d})
    assert np.isnan(scored(written[1], empty, 0.5).p_eb).all()


def test_a_fifth_of_the_stars_are_binaries():
    chosen = seeds(0)
    assert len(chosen) == STARS_PER_FIELD
    # even seeds give binaries
    assert sum(seed % 2 == 0 for seed in chosen) == STARS_PER_FIELD // 5


def test_fields_share_no_star():
    chosen = [seed for field in range(4) for seed in seeds(field)]
    assert len(set(chosen)) == len(chosen)
    assert min(chosen) >= data.TEST_STARS


def test_stars_of_the_evaluation_are_never_trained_on():
    assert data.TRAINING_STARS + MOST_STARS <= data.VALIDATION_STARS
    assert data.VALIDATION_STARS + MOST_STARS <= data.TEST_STARS
