"""Noise differs from what it is taken for as its name says, and in nothing else."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import fft

from amphitrite.surveys.emri.interpret.maps import BIN_HZ, WINDOW
from amphitrite.surveys.emri.sampling import LOWEST_HZ, NYQUIST_HZ, SAMPLE_SECONDS
from amphitrite_training.surveys.emri.departures import (
    BUMP_HZ,
    DEPARTURES,
    LINES_HZ,
    RIGHT,
    Departure,
)

N = 2**17
FREQUENCY = fft.rfftfreq(N, SAMPLE_SECONDS)


@pytest.fixture(scope="module")
def noise():
    return np.random.default_rng(1).standard_normal((2, N), dtype=np.float32)


def applied(departure, noise):
    return departure.applied(noise, np.random.default_rng(2))


def test_right_noise_stays_what_it_is(noise):
    np.testing.assert_array_equal(applied(DEPARTURES[RIGHT], noise), noise)


def test_the_amplitude_is_a_factor(noise):
    loud = applied(DEPARTURES["amplitude +3 %"], noise)
    np.testing.assert_allclose(loud, 1.03 * noise, rtol=1e-6)
    assert loud.dtype == np.float32


@pytest.mark.parametrize("tilt", [-0.05, 0.05])
def test_a_tilt_changes_the_power_from_end_to_end_and_not_in_the_mean(tilt):
    power = Departure(tilt=tilt).power(FREQUENCY)
    assert power.mean() == pytest.approx(1)
    low, high = (np.interp(hz, FREQUENCY, power) for hz in (LOWEST_HZ, NYQUIST_HZ))
    # as exact as the steps of the frequency
    assert high - low == pytest.approx(tilt, rel=1e-3)
    # linear in the logarithm: half of the change in the geometric middle
    middle = np.interp(np.sqrt(LOWEST_HZ * NYQUIST_HZ), FREQUENCY, power)
    assert middle - low == pytest.approx(tilt / 2, rel=2e-3)


def test_a_bump_is_where_it_is_said_to_be():
    power = Departure(excess=0.1).power(FREQUENCY)
    assert power.max() == pytest.approx(1.1, rel=1e-6)
    low, high = BUMP_HZ
    outside = (FREQUENCY < low) | (FREQUENCY > high)
    np.testing.assert_allclose(power[outside], 1)
    assert FREQUENCY[power.argmax()] == pytest.approx(np.sqrt(low * high), rel=1e-3)


@pytest.mark.parametrize(
    "name", [name for name in DEPARTURES if "power" in name or "bump" in name]
)
def test_noise_has_the_power_it_should_have(noise, name):
    departure = DEPARTURES[name]
    before, after = (
        np.abs(fft.rfft(each, axis=1)) ** 2
        for each in (noise.astype(float), applied(departure, noise))
    )
    ratio = (after / before)[:, 1:-1]
    # single precision of a transform: noise at a quiet frequency is off by more
    np.testing.assert_allclose(
        np.median(ratio.reshape(2, -1, 85), axis=2),
        np.tile(
            np.median(departure.power(FREQUENCY)[1:-1].reshape(-1, 85), axis=1), (2, 1)
        ),
        rtol=1e-3,
    )


def test_each_line_doubles_its_bin_alone(noise):
    departed = applied(DEPARTURES["three lines"], noise)
    power = np.mean(
        np.abs(fft.rfft(departed.reshape(2, -1, WINDOW).astype(float))) ** 2, axis=1
    )
    quiet = np.mean(
        np.abs(fft.rfft(noise.reshape(2, -1, WINDOW).astype(float))) ** 2, axis=1
    )
    added = (power - quiet) / WINDOW
    bins = [round(hz / BIN_HZ) for hz in LINES_HZ]
    # the product of the line and the noise: 1.4 / sqrt(64) in its bin
    np.testing.assert_allclose(added[:, bins], 1, atol=0.7)
    assert added[:, bins].mean() == pytest.approx(1, abs=0.3)
    others = np.delete(added, bins, axis=1)
    np.testing.assert_allclose(others, 0, atol=1e-3)


def test_a_line_has_another_phase_in_each_segment(noise):
    lines = DEPARTURES["three lines"]
    rng = np.random.default_rng(3)
    one, two = (lines.applied(noise, rng) - noise for _ in range(2))
    assert not np.allclose(one, two)
    assert not np.allclose(one[0], one[1])
