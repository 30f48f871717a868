import numpy as np
import pytest

from amphitrite.surveys.asid.prepare import repeats


def rows(time, run, event, *, energy=1000.0, lon=0.0):
    formats = {"time": ">f8", "run": ">i4", "event": ">i4"}
    formats |= dict.fromkeys(("energy", "lon", "lat"), ">f4")
    found = np.zeros(len(time), list(formats.items()))
    found["time"], found["run"], found["event"] = time, run, event
    found["energy"], found["lon"] = energy, lon
    return found


@pytest.mark.parametrize(
    ("time", "expected"),
    [
        ([], [[], []]),
        ([3.0], [[3], [3]]),
        ([1.0, 2, 3], [[1], [3]]),
        ([1.0, 5, 2, 3, 3], [[1, 2, 3], [5, 3, 3]]),
    ],
)
def test_stretches_end_where_time_does_not_rise(time, expected):
    np.testing.assert_array_equal(repeats.stretches(np.array(time)), expected)


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        ([[], []], False),
        ([[1], [5]], False),
        ([[6, 1], [7, 5]], False),
        ([[1, 5], [5, 7]], True),
        ([[4, 1], [7, 5]], True),
        ([[1, 2, 6], [9, 3, 7]], True),
        ([[1, np.nan], [5, np.nan]], True),
    ],
)
def test_stretches_overlap_where_they_share_a_time(found, expected):
    assert repeats.overlap(np.array(found, float)) is expected


@pytest.mark.parametrize("numbered", [True, False])
def test_keys_are_equal_for_equal_photons_alone(numbered):
    random = np.random.default_rng(1)
    n = 1000
    time = np.round(random.uniform(0, 20, n))  # many at the same time
    some = rows(time, 7, np.arange(n), energy=1000.0, lon=random.uniform(0, 360, n))
    keys = repeats.keys(some, mev=1.0, numbered=numbered)
    assert len(np.unique(keys)) == n
    np.testing.assert_array_equal(
        repeats.keys(some[::-1], mev=1.0, numbered=numbered), keys[::-1]
    )


def test_run_event_and_time_all_count():
    some = rows([1, 2, 1, 1], [7, 7, 8, 7], [3, 3, 3, 4])
    assert len(np.unique(repeats.keys(some, mev=1.0, numbered=True))) == 4


def test_energies_in_other_units_are_the_same():
    mev, gev = rows([1], 7, 3, energy=1234.5), rows([1], 7, 3, energy=1.2345)
    assert repeats.keys(mev, mev=1.0, numbered=False) == repeats.keys(
        gev, mev=1000.0, numbered=False
    )


def test_each_repetition_points_to_the_one_before():
    again, before = repeats.repeated(np.array([5, 9, 5, 7, 9, 5], np.uint64))
    assert dict(zip(again.tolist(), before.tolist(), strict=True)) == {2: 0, 4: 1, 5: 2}
    again, before = repeats.repeated(np.array([3, 1, 2], np.uint64))
    assert len(again) == len(before) == 0
