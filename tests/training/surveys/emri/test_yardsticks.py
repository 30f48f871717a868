"""The yardsticks are what they are called, and two of them do not know the level."""

from __future__ import annotations

import numpy as np
import pytest

from amphitrite.surveys.emri.prepare.whitening import TAPER, ramps
from amphitrite.surveys.emri.sampling import SAMPLE_SECONDS
from amphitrite_training.surveys.emri.yardsticks import (
    LEVEL_FREE,
    loudest_box,
    yardsticks,
)

N = 131_072


@pytest.fixture(scope="module")
def noise():
    return np.random.default_rng(2).standard_normal((2, N))


def with_line(noise, amplitude, frequency):
    time = np.arange(N) * SAMPLE_SECONDS
    return noise + amplitude * np.sin(2 * np.pi * frequency * time)


def test_energy_is_the_mean_square(noise):
    inside = noise[:, TAPER:-TAPER]
    assert yardsticks(noise)["energy"] == pytest.approx((inside**2).mean())
    assert yardsticks(1.01 * noise)["energy"] == pytest.approx(
        1.01**2 * yardsticks(noise)["energy"]
    )


def test_energy_is_the_same_of_a_segment_with_tapered_ends(noise):
    tapered = noise * ramps(N, TAPER)
    assert yardsticks(tapered)["energy"] == yardsticks(noise)["energy"]


def test_the_band_of_white_noise_has_its_share_of_the_frequencies(noise):
    share = yardsticks(noise)["band_share"]
    assert share == pytest.approx((1e-2 - 5e-4) / (1 / 60), abs=0.01)
    assert yardsticks(with_line(noise, 0.3, 2e-3))["band_share"] > share + 0.01
    assert yardsticks(with_line(noise, 0.3, 1.3e-2))["band_share"] < share - 0.01


@pytest.mark.parametrize("name", LEVEL_FREE)
def test_the_level_of_the_noise_does_not_matter(noise, name):
    assert yardsticks(7 * noise)[name] == pytest.approx(yardsticks(noise)[name])


def test_a_box_of_noise_has_a_normal_score():
    """The map as a whole is one box: mean 0 and variance 1 over many maps."""
    rng = np.random.default_rng(3)
    scores = []
    for _ in range(2000):
        power = rng.exponential(size=(2, 2, 1)).mean(axis=0)
        scores.append(loudest_box(power))
    # a map of two windows has one box, of two windows: 4 sigma of 2000
    assert np.mean(scores) == pytest.approx(0, abs=0.09)
    assert np.std(scores) == pytest.approx(1, abs=0.06)


def test_the_loudest_box_is_where_the_excess_is():
    rng = np.random.default_rng(4)
    power = rng.exponential(size=(2, 64, 512)).mean(axis=0)
    quiet = loudest_box(power)
    power[16:32, 64:72] *= 1.5
    # 256 exponential variables of mean 1.5 are 0.5 / (1 / 16) = 8 deviations off
    assert quiet < 6 < loudest_box(power) < 10
