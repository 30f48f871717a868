"""The boxes in the graph are those of the yardstick."""

import keras
import numpy as np
import pytest

from amphitrite.surveys.emri.sampling import N_SAMPLES
from amphitrite_training.surveys.emri import boxes, yardsticks
from amphitrite_training.surveys.emri.recipe import WINDOWS

pytestmark = pytest.mark.training
N_WINDOWS, N_BINS = 128, 1003


def scored(n_windows, n_bins):
    """Return the function of a map that the graph is."""
    tensor = keras.Input((n_windows, n_bins, 1))
    model = keras.Model(tensor, boxes.loudest_box(tensor))

    def score(power):
        (found,) = model.predict_on_batch(power[None, ..., None].astype(np.float32))
        return float(found[0])

    return score


@pytest.fixture(scope="module")
def loudest_box():
    return scored(N_WINDOWS, N_BINS)


@pytest.mark.parametrize("window", WINDOWS)
def test_maps_of_every_recipe_have_boxes(window):
    """The longest windows are fewer than the highest box has."""
    n_windows, n_bins = N_SAMPLES // window, 300
    power = np.random.default_rng(2).exponential(size=(n_windows, n_bins, 2)).mean(2)
    expected = yardsticks.loudest_box(power)
    assert scored(n_windows, n_bins)(power) == pytest.approx(expected, abs=1e-3)


@pytest.mark.parametrize(
    ("windows", "bins"),
    [
        ((0, 0), (0, 0)),
        ((0, 128), (500, 501)),
        ((40, 44), (700, 701)),
        ((72, 136), (96, 224)),
    ],
)
def test_the_loudest_is_that_of_the_yardstick(loudest_box, windows, bins):
    power = np.random.default_rng(1).exponential(size=(N_WINDOWS, N_BINS, 2)).mean(2)
    power[slice(*windows), slice(*bins)] += 4.0
    # single precision of scores up to 100
    expected = yardsticks.loudest_box(power)
    assert loudest_box(power) == pytest.approx(expected, abs=1e-3)


def test_power_of_zero_has_a_score(loudest_box):
    assert np.isfinite(loudest_box(np.zeros((N_WINDOWS, N_BINS))))
