"""The noise of TianQin has the published values, and curves are checked."""

from __future__ import annotations

import numpy as np
import pytest

from amphitrite.errors import BadInput
from amphitrite.surveys.emri.prepare.noise_curve import (
    SKY_AVERAGE,
    NoiseCurve,
    tianqin,
)

FREQUENCIES = np.geomspace(1e-4, 1 / 60, 50)


def test_a_displacement_dominates_at_high_frequency():
    """Position noise of 1 pm / sqrt(Hz) over an arm of sqrt(3) 1e5 km."""
    assert np.sqrt(tianqin(np.array([1.0]))[0]) == pytest.approx(
        1e-12 / (np.sqrt(3) * 1e8), abs=0, rel=1e-3
    )


def test_acceleration_dominates_at_low_frequency():
    """1e-15 m s^-2 / sqrt(Hz) of two masses on two arms, twice integrated in time."""
    frequency = 1e-3
    displacement = 2 * 1e-15 / (2 * np.pi * frequency) ** 2
    redder = 1 + 1e-4 / frequency
    expected = (displacement**2 * redder + 1e-24) / 3e16
    assert tianqin(np.array([frequency]))[0] == pytest.approx(expected, abs=0, rel=1e-9)


def test_a_curve_goes_through_its_values_and_straight_between_them():
    curve = NoiseCurve(FREQUENCIES, tianqin(FREQUENCIES))
    np.testing.assert_allclose(curve(FREQUENCIES), tianqin(FREQUENCIES), rtol=1e-12)
    line = NoiseCurve(np.array([1e-4, 1e-1]), np.array([1e-30, 1e-42]))
    np.testing.assert_allclose(line(np.array([1e-3])), [1e-34])


def test_curves_of_the_same_values_are_equal():
    curve, same = (NoiseCurve(FREQUENCIES, tianqin(FREQUENCIES)) for _ in range(2))
    other = NoiseCurve(FREQUENCIES, 2 * tianqin(FREQUENCIES))
    assert {curve, same, other} == {same, other}
    assert curve != tianqin


def test_rounded_limits_of_a_file_are_no_gap():
    curve = NoiseCurve(FREQUENCIES.astype(np.float32), tianqin(FREQUENCIES))
    assert np.isfinite(curve(FREQUENCIES)).all()


@pytest.mark.parametrize("wanted", [9e-5, 2e-2])
def test_a_frequency_outside_is_refused(wanted):
    curve = NoiseCurve(FREQUENCIES, tianqin(FREQUENCIES))
    with pytest.raises(BadInput, match=r"covers 0\.0001 to 0\.0166667 Hz; needed are"):
        curve(np.array([wanted]))


@pytest.mark.parametrize(
    ("frequency", "psd", "said"),
    [
        ([1e-3, 1e-2], [1e-40], r"shapes \(2,\) and \(1,\)"),
        ([1e-3], [1e-40], "two frequencies at least; received 1"),
        ([1e-2, 1e-3], [1e-40, 1e-40], "must rise"),
        ([0, 1e-3], [1e-40, 1e-40], "from above 0"),
        ([1e-3, 1e-2], [1e-40, 0], "received 0 at 0.01 Hz"),
        ([1e-3, 1e-2], [np.nan, 1e-40], "received nan at 0.001 Hz"),
    ],
)
def test_values_that_cannot_be_are_refused(frequency, psd, said):
    with pytest.raises(BadInput, match=said):
        NoiseCurve(np.array(frequency, float), np.array(psd, float))


def test_the_average_over_the_sky_is_that_of_arms_60_deg_apart():
    """A right-angled Michelson hears 1/5 of the power; 60 deg are sin(60 deg) of it."""
    assert pytest.approx(5 / np.sin(np.radians(60)) ** 2) == SKY_AVERAGE
