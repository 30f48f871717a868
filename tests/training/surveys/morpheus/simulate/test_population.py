"""The sources that are drawn: numbers, colours and parts."""

import math

import numpy as np
import pytest

from amphitrite.surveys.morpheus.page import MORPHOLOGIES
from amphitrite_training.surveys.morpheus.simulate.population import (
    COUNT_SLOPE,
    draw_sources,
)


def test_counts_rise_as_said():
    magnitudes = np.concatenate(
        [
            [s.mag_h for s in draw_sources(np.random.default_rng(seed), (480, 480))]
            for seed in range(40)
        ]
    )
    low = np.sum((magnitudes > 24.5) & (magnitudes < 25.5))
    high = np.sum((magnitudes > 25.5) & (magnitudes < 26.5))
    # Three sigma of the logarithm of a ratio of two Poisson counts.
    error = 3 * math.sqrt(1 / low + 1 / high) / math.log(10)
    assert error < 0.1
    assert math.log10(high / low) == pytest.approx(COUNT_SLOPE, abs=error)


def test_classes_differ_in_colour():
    sources = draw_sources(np.random.default_rng(5), (600, 600))
    colour = {
        name: np.median(
            [s.magnitude("V") - s.mag_h for s in sources if s.morphology == name]
        )
        for name in MORPHOLOGIES
    }
    assert colour["spheroid"] > colour["disk"] > colour["irregular"]


def test_parts_add_up_to_the_source():
    for source in draw_sources(np.random.default_rng(5), (300, 300)):
        assert sum(part.share for part in source.parts) == pytest.approx(1)
        assert source.magnitude("H") == pytest.approx(source.mag_h)
