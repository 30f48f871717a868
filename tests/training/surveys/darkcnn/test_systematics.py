"""Shifts of the score between populations of the same clusters."""

from __future__ import annotations

import numpy as np

from amphitrite.surveys.darkcnn.page import SCORE
from amphitrite_training.surveys.darkcnn import systematics
from amphitrite_training.surveys.darkcnn.simulate.population import (
    YOUNGEST_GYR,
    Population,
    draw,
)
from amphitrite_training.surveys.darkcnn.systematics import OTHERS, TRUE, shifts

OLDER, YOUNGER = "cores older by 22 %", "cores younger by 18 %"


def test_shifts_are_those_of_the_same_clusters(small, cache, monkeypatch):
    """A network whose score is the age of the core, and the truth."""

    def answers(model, seen):
        truth = seen.clusters.truth
        return {SCORE: (truth["age_gyr"] + truth["cross_section"])[:, None]}

    monkeypatch.setattr(systematics, "answers", answers)
    monkeypatch.setattr(
        systematics,
        "OTHERS",
        {name: OTHERS[name] for name in (OLDER, "feedback +2")},
    )
    found, errors = shifts(None, small)
    np.testing.assert_array_equal(found[OLDER][:, 0], TRUE)
    # 22 % of some 3.6 Gyr
    assert (found[OLDER][:, 1] > 0.4).all()
    np.testing.assert_array_equal(found["feedback +2"][:, 1], 0)
    assert errors["feedback +2"] == [0, 0, 0, 0]
    assert all(error > 0 for error in errors[OLDER])


def test_ages_are_a_factor_apart():
    ages = np.array(
        [
            [draw(number, OTHERS[name]).age_gyr for number in range(100)]
            for name in (YOUNGER, OLDER)
        ]
    )
    # but for cores that cannot be younger
    held = ages[0] > YOUNGEST_GYR
    np.testing.assert_allclose((ages[1] / ages[0])[held], 1.5)
    assert held.mean() > 0.9


def test_the_populations_differ_from_the_usual_one_in_one_way():
    usual = vars(Population())
    for population in OTHERS.values():
        differ = [key for key, value in vars(population).items() if value != usual[key]]
        assert len(differ) == 1
