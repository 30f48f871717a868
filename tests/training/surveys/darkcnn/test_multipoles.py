"""The rings of a map are told by their mean, multipoles and scatter."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from amphitrite.surveys.darkcnn.interpret.profiles import N_RINGS, profile
from amphitrite.surveys.darkcnn.page import CHANNELS, PIXELS
from amphitrite_training.surveys.darkcnn.multipoles import (
    FAINT,
    N_EACH,
    ORDERS,
    multipoles,
    rings,
)

pytestmark = pytest.mark.training

OFFSETS = (np.arange(PIXELS) - (PIXELS - 1) / 2) * 20.0
RADII = np.hypot(OFFSETS[:, None], OFFSETS)
ANGLES = np.arctan2(OFFSETS[:, None], OFFSETS)
LEVEL = 1 / (1 + RADII / 200)


def told(image, pixels=PIXELS):
    """Return (channel, kind, ring) numbers of a map, the same in all channels."""
    n = PIXELS // pixels
    small = image.reshape(pixels, n, pixels, n).mean((1, 3))
    maps = np.repeat(small[None, ..., None], len(CHANNELS), axis=3).astype(np.float32)
    given = keras.Input(maps.shape[1:])
    found = keras.Model(given, multipoles(given)).predict_on_batch(maps)
    rows = found.reshape(len(CHANNELS), -1)
    found, steps = np.split(rows, [N_EACH * N_RINGS], axis=1)
    found = found.reshape(len(CHANNELS), N_EACH, N_RINGS)
    np.testing.assert_allclose(steps, np.diff(found[:, 0], axis=1), atol=1e-6)
    return found


def test_means_are_those_of_the_profile():
    expected = np.arcsinh(profile(LEVEL[..., None]) / FAINT)
    found = told(LEVEL)
    assert found.shape == (3, 5, 12)
    for channel in found:
        # sums of up to 3,000 numbers in single precision
        np.testing.assert_allclose(channel[0], expected, rtol=1e-5)


def test_weights_are_those_of_a_mean():
    for pixels in (100, 50):
        weights, shares = rings(pixels)
        np.testing.assert_allclose(weights.sum(0), 1)
        # every pixel within 1 Mpc is in the rings once; a block of four may be cut
        assert shares.sum(0).max() == pytest.approx(1)
        assert shares.sum() * (PIXELS / pixels) ** 2 == (RADII < 1000).sum()


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("turned", [0.0, 0.7])
def test_a_wave_is_found_in_its_own_order(order, turned):
    wave = 0.3 * np.cos(order * (ANGLES - turned))
    found = told(1 + wave)[0]
    place = 2 + ORDERS.index(order)
    wide = slice(5, None)  # rings of enough pixels to sample a wave
    # half of the amplitude; the pixels of a ring are not spread evenly
    np.testing.assert_allclose(found[place, wide], 0.15, rtol=0.1)
    np.testing.assert_allclose(found[1, wide], 0.3 / np.sqrt(2), rtol=0.1)
    others = [2 + number for number, each in enumerate(ORDERS) if each != order]
    assert (found[others, wide] < 0.03).all()


def test_what_is_round_has_no_multipoles():
    found = told(np.ones((PIXELS, PIXELS)))[0]
    assert (np.abs(found[1:]) < 1e-4).all()


def test_turns_by_a_quarter_and_mirrors_change_nothing():
    rng = np.random.default_rng(1)
    image = rng.gamma(2.0, LEVEL)
    for other in (np.rot90(image), image[::-1], image.T):
        np.testing.assert_allclose(told(other), told(image), rtol=1e-3, atol=1e-5)


def test_the_level_is_in_the_means_alone():
    rng = np.random.default_rng(1)
    image = rng.gamma(2.0, 1 + LEVEL)  # far above FAINT
    bright, brighter = told(image)[0], told(3 * image)[0]
    np.testing.assert_allclose(brighter[1:], bright[1:], rtol=1e-3, atol=1e-5)
    np.testing.assert_allclose(brighter[0] - bright[0], np.log(3), atol=1e-3)


def test_an_absent_channel_is_zero():
    assert np.abs(told(np.zeros((PIXELS, PIXELS)))).max() < 2e-4


def test_half_of_the_pixels_say_much_the_same():
    wave = 1 + 0.3 * np.cos(2 * ANGLES)
    fine, coarse = (told(LEVEL * wave, pixels)[0] for pixels in (100, 50))
    wide = slice(5, None)
    np.testing.assert_allclose(coarse[0, wide], fine[0, wide], rtol=0.02)
    np.testing.assert_allclose(coarse[3, wide], fine[3, wide], rtol=0.05)
