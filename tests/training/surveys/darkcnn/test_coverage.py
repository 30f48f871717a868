"""Intervals hold the truth as often as they should, or are found out."""

from __future__ import annotations

import json

import numpy as np
import pytest

from amphitrite.engine import workers
from amphitrite.surveys.darkcnn.interpret.posterior import GRID
from amphitrite_training.surveys.darkcnn import cases
from amphitrite_training.surveys.darkcnn.coverage import (
    FIRST_ID,
    simulated,
    true_cross_sections,
)

from .drawn import covered


@pytest.fixture(scope="module")
def right():
    return covered(np.random.default_rng(1), cases.CLEAR, n=200, n_each=30)


def test_right_samples_are_covered(right):
    # three standard errors of 200
    assert right.within(0.68).value == pytest.approx(0.68, abs=0.10)
    assert right.within(0.95).value == pytest.approx(0.95, abs=0.05)
    assert right.within_everything.value == pytest.approx(0.68, abs=0.10)
    # uniform levels have a mean of 0.5 +- 0.29
    assert right.levels.mean() == pytest.approx(0.5, abs=3 * 0.29 / np.sqrt(200))
    assert right.n_counted == pytest.approx(0.95, abs=0.02)


def test_samples_that_are_off_are_not():
    wrong = covered(np.random.default_rng(1), cases.CLEAR, n=50, n_each=30, shift=0.3)
    assert wrong.within(0.68).value < 0.4
    assert wrong.errors.mean() > 0.2
    assert (wrong.widths < 0.4).all()


def test_truths_fill_the_prior_and_have_ids_of_their_own(cache, monkeypatch):
    in_this_process = workers.pool(0)
    monkeypatch.setattr(workers, "pool", lambda n: in_this_process)
    true = true_cross_sections(200)
    assert (true >= GRID[0]).all()
    assert (true <= GRID[-1]).all()
    assert true.mean() == pytest.approx(0.75, abs=4 * 0.43 / np.sqrt(200))
    np.testing.assert_array_equal(true_cross_sections(3), true[:3])
    made = simulated(2, 3)
    assert made.truth["number"].tolist() == list(range(FIRST_ID, FIRST_ID + 6))
    np.testing.assert_array_equal(made.truth["cross_section"], np.repeat(true[:2], 3))


def test_samples_without_an_estimate_do_not_count():
    none = covered(np.random.default_rng(1), cases.CLEAR, n=3, n_each=4, far=1.0)
    assert none.known == []
    assert none.within(0.68).n == 0
    assert len(none.errors) == len(none.widths) == 0
    json.dumps(none.as_dict(), allow_nan=False)


def test_it_is_json(right):
    told = json.loads(json.dumps(right.as_dict(), allow_nan=False))
    assert (told["n_each"], len(told["samples"])) == (30, 200)
    assert told["coverage"]["0.68"][1] == 200
