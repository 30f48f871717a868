"""Groups are divided by their names alone, and never themselves."""

from __future__ import annotations

import numpy as np
import pytest

from amphitrite.errors import BadInput
from amphitrite_training.surveys.darkcnn.retrain.split import (
    LEAST,
    NEEDED,
    SHARES,
    split,
)


def sets(names):
    groups = np.array(names, str)
    return {key: set(groups[rows].tolist()) for key, rows in split(groups).items()}


def names(n):
    return [f"halo {number}" for number in range(n)]


def test_every_map_is_in_one_set_and_no_group_in_two():
    groups = np.repeat(names(300), 3)
    np.random.default_rng(1).shuffle(groups)
    found = split(groups)
    assert list(found) == list(SHARES)
    rows = np.concatenate(list(found.values()))
    np.testing.assert_array_equal(np.sort(rows), np.arange(900))
    inside = [set(groups[each].tolist()) for each in found.values()]
    assert sum(map(len, inside)) == len(set.union(*inside)) == 300


def test_shares_are_as_stated():
    found = sets(names(2000))
    for name, share in SHARES.items():
        # four standard deviations
        error = 4 * np.sqrt(share * (1 - share) / 2000)
        assert len(found[name]) / 2000 == pytest.approx(share, abs=error)


def test_a_group_stays_where_it_is_when_others_come():
    few, many = sets(names(300)), sets(names(600))
    for name in SHARES:
        assert few[name] <= many[name]


def test_order_does_not_matter():
    assert sets(names(50)) == sets(names(50)[::-1])


@pytest.mark.parametrize("n", range(NEEDED, NEEDED + 25, 4))
def test_few_groups_are_enough_for_each_set(n):
    for seed in range(20):
        found = sets([f"{seed}-{number}" for number in range(n)])
        for name, least in LEAST.items():
            assert len(found[name]) >= least


def test_too_few_groups_are_refused_with_the_number():
    groups = np.repeat(names(10), 4)
    with pytest.raises(BadInput, match=rf"10 groups .* {NEEDED} are needed"):
        split(groups)
