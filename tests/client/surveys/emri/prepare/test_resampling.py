"""Faster strain is filtered, so that nothing comes back from above."""

from __future__ import annotations

import numpy as np
import pytest

from amphitrite.errors import BadInput
from amphitrite.surveys.emri.prepare.resampling import decimated, samples_together


@pytest.mark.parametrize(
    ("seconds", "together"), [(30, 1), (15, 2), (10, 3), (0.1, 300), (1 / 3, 90)]
)
def test_how_many_make_one(seconds, together):
    assert samples_together(seconds, "a.h5") == together


@pytest.mark.parametrize("seconds", [60, 31, 29.99, 20, 7])
def test_other_steps_are_refused(seconds):
    with pytest.raises(
        BadInput, match=f"a.h5 has a sample every {seconds} s; .* resample it to 30 s"
    ):
        samples_together(seconds, "a.h5")


@pytest.mark.parametrize("seconds", [0, -30, float("nan")])
def test_steps_that_are_none_are_refused(seconds):
    with pytest.raises(BadInput, match="must be positive"):
        samples_together(seconds, "a.h5")


def waves(frequency, seconds, n):
    time = np.arange(n) * seconds
    return np.stack([np.sin(2 * np.pi * frequency * time), np.cos(time * frequency)])


@pytest.mark.parametrize("together", [2, 6])
def test_what_is_in_the_band_stays(together):
    n, seconds = 6000, 30 / together
    found = decimated(waves(5e-3, seconds, n), together)
    expected = waves(5e-3, 30, n // together)
    assert found.shape == expected.shape
    # away from the ends, to the ripple of the filter
    np.testing.assert_allclose(found[:, 50:-50], expected[:, 50:-50], atol=2e-3)


def test_what_is_above_does_not_come_back():
    """28 mHz would be 5.3 mHz after every second sample of 15 s."""
    found = decimated(waves(28e-3, 15, 8000), 2)
    assert np.abs(found[0, 50:-50]).max() < 2e-3


def test_a_trend_makes_no_ends():
    trend = np.stack([np.linspace(0, 1e3, 1000), np.linspace(5, -7, 1000)])
    np.testing.assert_allclose(decimated(trend, 4), trend[:, ::4], rtol=1e-3, atol=1e-2)


def test_missing_samples_stay_missing_and_do_no_harm():
    values = waves(1e-3, 15, 4000)
    holed = values.copy()
    holed[0, 1001:1004] = np.nan
    found = decimated(holed, 2)
    np.testing.assert_array_equal(np.flatnonzero(np.isnan(found[0])), [500, 501, 502])
    assert not np.isnan(found[1]).any()
    good = ~np.isnan(found[0])
    np.testing.assert_allclose(found[0, good], decimated(values, 2)[0, good], atol=2e-3)


def test_30_seconds_are_left_alone():
    values = waves(1e-3, 30, 100)
    assert decimated(values, 1) is values
