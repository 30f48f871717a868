"""Shifts of the score between populations of the same clusters."""

from __future__ import annotations

import numpy as np
import pytest

from amphitrite.surveys.darkcnn.page import SCORE
from amphitrite_training.surveys.darkcnn import systematics
from amphitrite_training.surveys.darkcnn.simulate.population import Population, draw
from amphitrite_training.surveys.darkcnn.systematics import OTHERS, TRUE, shifts


def test_shifts_are_those_of_the_same_clusters(small, cache, monkeypatch):
    """A network whose score is the age of the core, and the truth."""

    def answers(model, seen):
        truth = seen.clusters.truth
        return {SCORE: (truth["age_gyr"] + truth["cross_section"])[:, None]}

    monkeypatch.setattr(systematics, "answers", answers)
    monkeypatch.setattr(
        systematics,
        "OTHERS",
        {name: OTHERS[name] for name in ("age 7.5 Gyr", "feedback +2")},
    )
    found, errors = shifts(None, small)
    np.testing.assert_array_equal(found["age 7.5 Gyr"][:, 0], TRUE)
    assert (found["age 7.5 Gyr"][:, 1] > 1).all()
    np.testing.assert_array_equal(found["feedback +2"][:, 1], 0)
    assert errors["feedback +2"] == [0, 0, 0, 0]
    assert all(error > 0 for error in errors["age 7.5 Gyr"])


@pytest.mark.parametrize(
    ("name", "gyr"), [(None, 3.6), ("age 5 Gyr", 5.0), ("age 7.5 Gyr", 7.5)]
)
def test_the_ages_are_medians_of_all_clusters(name, gyr):
    population = OTHERS[name] if name else Population()
    ages = [draw(number, population).age_gyr for number in range(200)]
    assert np.median(ages) == pytest.approx(gyr, rel=0.06)


def test_the_populations_differ_from_the_usual_one_in_one_way():
    usual = vars(Population())
    for population in OTHERS.values():
        differ = [key for key, value in vars(population).items() if value != usual[key]]
        assert len(differ) == 1
