"""When is observed, and what is flagged."""

from __future__ import annotations

import numpy as np
import pytest

from amphitrite_training.surveys.calnet.simulate.sector import (
    CADENCE_DAYS,
    Quality,
    observe,
)


@pytest.fixture(scope="module")
def many():
    return [observe(np.random.default_rng([1, i])) for i in range(150)]


def test_cadences_are_two_minutes_apart(many):
    for cadences in many:
        np.testing.assert_allclose(np.diff(cadences.time), CADENCE_DAYS, rtol=1e-6)
        assert cadences.quality.dtype == np.int32
        assert len(cadences.quality) == len(cadences.time)


def test_every_sector_has_its_gap_between_the_orbits(many):
    for cadences in many:
        good = cadences.time[cadences.quality == 0]
        gaps = np.diff(good)
        assert 0.95 < gaps.max() < 2.1
        assert (gaps > 0.75).sum() <= 2  # now and then stray light joins it


def test_sectors_follow_one_another(many):
    for cadences in many:
        begin = 1325.3 + 27.4 * (cadences.sector - 1)
        assert 1 <= cadences.sector <= 90
        assert begin <= cadences.time[0] < begin + 0.5
        assert 9 < np.ptp(cadences.time) < 29


def test_a_tenth_or_less_is_usually_lost(many):
    good = [(cadences.quality == 0).mean() for cadences in many]
    assert 0.9 < np.median(good) < 0.96
    assert min(good) > 0.7


def test_dumps_are_flagged_and_starts_are_after_gaps(many):
    for cadences in many:
        index = np.searchsorted(cadences.time, cadences.dumps)
        assert (cadences.quality[index] & Quality.DESATURATION).all()
        assert len(cadences.starts) in (2, 4)
        lost = cadences.lost
        for start in cadences.starts:
            first = np.searchsorted(cadences.time, start)
            assert not lost[first]
            assert first == 0 or lost[first - 1]


def test_some_sectors_pause_within_orbits_and_some_have_stray_light(many):
    pausing = np.mean([len(cadences.starts) == 4 for cadences in many])
    stray = np.mean([(c.quality & Quality.STRAYLIGHT).any() for c in many])
    assert 0.3 == pytest.approx(pausing, abs=0.11)  # three sigma of 150
    assert 0.54 == pytest.approx(stray, abs=0.12)


def test_the_same_state_gives_the_same_sector():
    one, same, other = (observe(np.random.default_rng(i)) for i in (3, 3, 4))
    np.testing.assert_array_equal(one.quality, same.quality)
    np.testing.assert_array_equal(one.time, same.time)
    assert one.time[0] != other.time[0]
