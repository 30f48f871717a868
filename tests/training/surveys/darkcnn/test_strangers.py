"""Variants of simulated clusters are what their names say."""

from __future__ import annotations

import json

import numpy as np
import pytest

from amphitrite_training.surveys.darkcnn import cases
from amphitrite_training.surveys.darkcnn.simulate.population import Population
from amphitrite_training.surveys.darkcnn.strangers import (
    SCALE,
    VARIANTS,
    Strangers,
    Variant,
    shuffled,
    smoothed,
    stretched,
)

from .drawn import LEARNED, of_classes


def test_smoothed_maps_have_the_same_mass_and_a_lower_peak(some):
    maps = some[0]
    found = smoothed(maps)
    np.testing.assert_allclose(found.sum((1, 2)), maps.sum((1, 2)), rtol=0.02)
    assert (found.max((1, 2)) < maps.max((1, 2))).all()
    assert found.dtype == np.float32


def test_a_stretched_map_shows_the_cluster_larger():
    y, x = np.mgrid[:100, :100] - 49.5
    round_ = np.exp(-0.5 * (x**2 + y**2) / 10**2).astype(np.float32)
    found = stretched(np.stack([round_] * 3))[0]
    assert found.max() == pytest.approx(round_.max(), rel=0.01)
    # the area above half of the maximum
    larger = (found > 0.5).sum() / (round_ > 0.5).sum()
    assert larger == pytest.approx(SCALE**2, rel=0.05)
    np.testing.assert_allclose(found, found[::-1], atol=1e-5)


def test_a_shuffled_map_has_the_same_pixels_and_no_centre(some):
    maps = some[0]
    found = shuffled(maps)
    np.testing.assert_array_equal(np.sort(found, axis=None), np.sort(maps, axis=None))
    np.testing.assert_array_equal(found, shuffled(maps))
    inner = (slice(None), slice(40, 60), slice(40, 60))
    assert found[inner].mean() < 0.5 * maps[inner].mean()
    # all channels are moved alike
    place = np.unravel_index(maps[0].argmax(), maps[0].shape)
    moved = np.unravel_index(found[0].argmax(), found[0].shape)
    assert found[2][moved] == maps[2][place]


def test_a_variant_has_the_classes_of_its_ids(cache):
    made = Variant(Population(redshift=(0.5, 0.8)), smoothed).made(7_100_000, 1)
    assert made.truth["cross_section"].tolist() == [0, 0.1, 1]
    assert made.truth["redshift"][0] > 0.5
    plain = Variant(Population(redshift=(0.5, 0.8))).made(7_100_000, 1)
    np.testing.assert_allclose(made[0], smoothed(plain[0]), rtol=1e-6)


def test_the_usual_clusters_come_first():
    name, variant = next(iter(VARIANTS.items()))
    assert name == "as in training"
    assert variant.population == Population()


def test_detections_are_shares_beyond_the_limit():
    rng = np.random.default_rng(1)
    some = of_classes(rng, cases.CLEAR, 200, far=0.7)
    found = Strangers.of("these", cases.CLEAR, some, LEARNED)
    assert found.detected["value"] == pytest.approx(0.7, abs=0.08)
    assert 0.5 < found.accuracy["value"] < 0.9
    json.dumps(found.as_dict(), allow_nan=False)
