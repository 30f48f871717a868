"""Of many sectors one stretch is searched, and others are reached from it."""

import numpy as np
import pytest

from amphitrite.surveys.calnet.interpret.sectors import extend, searched


def test_the_longest_stretch_is_searched():
    time = np.concatenate([np.arange(0, 25, 0.1), np.arange(40, 90, 0.1)])
    np.testing.assert_array_equal(searched(time), time >= 40)
    np.testing.assert_array_equal(searched(time[time < 30]), True)


def test_of_years_the_first_56_days_are_searched():
    time = np.arange(0, 300, 0.5)
    assert time[searched(time)][-1] == 56


def test_stretches_are_reached_while_cycles_can_be_counted(sector, binary):
    starts = (2000.0, 2060.0, 2400.0, 5500.0)
    time = np.concatenate([sector(start=start) for start in starts])
    flux = binary(time, period=2.345) + np.random.default_rng(2).normal(
        0, 1e-3, len(time)
    )
    inside = time < 2030
    # far too uncertain for the last: over 3500 d it would be off by half a cycle
    period, error, reached = extend(time, flux, inside, 2.3452, 4e-4)
    assert reached[time < 2100].all()
    assert period == pytest.approx(2.345, abs=5 * error)
    assert error < 1e-5
    none = extend(time, flux, inside, 2.3452, 0.1)
    assert none[:2] == (2.3452, 0.1)
    np.testing.assert_array_equal(none[2], inside)
