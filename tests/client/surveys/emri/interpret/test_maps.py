"""Maps of power, and the tracks that stand out in them."""

from __future__ import annotations

import numpy as np
import pytest

from amphitrite.surveys.emri.interpret.maps import (
    BIN_HZ,
    LOWEST_BIN,
    WINDOW,
    frequencies,
    loudest_track,
    power_map,
)
from amphitrite.surveys.emri.sampling import LOWEST_HZ, N_SAMPLES, SAMPLE_SECONDS


def noise(seed):
    return np.random.default_rng(seed).standard_normal((2, N_SAMPLES))


def chirp(frequency, drift, ratio):
    """Return a chirp of a signal-to-noise ratio over both channels.

    Its frequency is that in the middle of the segment.
    """
    time = (np.arange(N_SAMPLES) - N_SAMPLES / 2) * SAMPLE_SECONDS
    phase = 2 * np.pi * (frequency * time + drift * time**2 / 2)
    wave = np.stack([np.sin(phase), np.cos(phase)])
    return ratio * wave / np.sqrt((wave**2).sum())


def test_a_map_holds_the_power_of_each_window_and_frequency():
    time = np.arange(N_SAMPLES) * SAMPLE_SECONDS
    line = 10 * np.sin(2 * np.pi * 100 * BIN_HZ * time) * (time < time[-1] / 2)
    power = power_map(noise(1) + line)
    assert power.shape == (N_SAMPLES // WINDOW, WINDOW // 2 - LOWEST_BIN)
    assert power.mean() == pytest.approx(1)
    half = len(power) // 2
    assert (power[:half].argmax(axis=1) == 100 - LOWEST_BIN).all()
    assert (power[:half, 93] > 50 * power[half:, 93].mean()).all()


def test_frequencies_begin_above_the_lowest():
    found = frequencies(10)
    assert found[0] - BIN_HZ < LOWEST_HZ <= found[0]
    np.testing.assert_allclose(np.diff(found), BIN_HZ)


def test_silence_is_a_map_of_zeros():
    assert not power_map(np.zeros((2, N_SAMPLES))).any()


@pytest.mark.parametrize(
    ("frequency", "drift"), [(2e-3, 0.0), (3e-3, 1.2e-10), (5e-3, -8e-11)]
)
def test_the_track_of_a_chirp_is_found(frequency, drift):
    """To a bin in frequency, and two bins over the segment in its drift."""
    track = loudest_track(power_map(noise(2) + chirp(frequency, drift, 60)))
    assert track is not None
    assert track.frequency == pytest.approx(frequency, abs=1.5 * BIN_HZ)
    seconds = N_SAMPLES * SAMPLE_SECONDS
    assert track.drift == pytest.approx(drift, abs=2 * BIN_HZ / seconds)
    assert track.excess > 20


def test_noise_has_no_track():
    assert [loudest_track(power_map(noise(seed))) for seed in range(5)] == [None] * 5


def test_the_excess_is_in_standard_deviations():
    """Along a line that is three times as loud as noise: 2 sqrt(2 * 128) = 32."""
    power = np.random.default_rng(3).exponential(size=(2, 128, 600)).mean(axis=0)
    power[:, 300] *= 3
    track = loudest_track(power)
    assert track is not None
    assert track.excess == pytest.approx(32, abs=6)
    assert abs(track.drift) <= 2 * BIN_HZ / (128 * WINDOW * SAMPLE_SECONDS)
