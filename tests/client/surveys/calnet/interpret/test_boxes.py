"""Narrow repeated dips are found."""

import numpy as np
import pytest

from amphitrite.surveys.calnet.interpret.boxes import SHORTEST_DAYS, flatten, search


@pytest.fixture
def noisy(sector):
    time = sector(step=600.0)
    return time, 1 + np.random.default_rng(7).normal(0, 5e-4, len(time))


@pytest.mark.parametrize("period", [0.83, 2.9, 7.4])
def test_the_period_of_a_transit_under_slow_changes_is_found(noisy, period):
    time, flux = noisy
    inside = (time - 2000.4) % period < 0.15
    flux = flux + 0.02 * np.sin(2 * np.pi * time / 9.0) - 0.01 * inside
    # over 27 d the last dip is known to a part of its 0.15 d
    found = search(time, flatten(time, flux), longest=13.0)
    assert found == pytest.approx(period, rel=0.15 / 27)


def test_slow_changes_are_taken_out(noisy):
    time, flux = noisy
    slow = 0.02 * np.sin(2 * np.pi * time / 20.0)
    flat = flatten(time, flux + slow)
    assert np.std(flux + slow) > 10 * np.std(flat)
    # but for the ends and the gap, where the median looks to one side
    assert np.median(np.abs(flat - (flux - 1))) < 3e-4


def test_there_is_no_search_where_no_period_fits(noisy):
    time, flux = noisy
    assert np.isnan(search(time, flux, longest=SHORTEST_DAYS))
    assert np.isnan(search(time[:9], flux[:9], longest=5.0))
