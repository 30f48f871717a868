"""The product of class probabilities, and why it is overconfident."""

from __future__ import annotations

import numpy as np
import pytest

from amphitrite.surveys.darkcnn.interpret.product import Product


def probabilities(rng, n, truth):
    """Return probabilities of clusters that lean a little towards one class."""
    logits = rng.normal(0, 1, (n, 3))
    logits[:, truth] += 0.3
    each = np.exp(logits)
    return each / each.sum(axis=1, keepdims=True)


def test_with_many_clusters_it_collapses_to_a_class():
    rng = np.random.default_rng(1)
    few = Product.of(probabilities(rng, 3, 1))
    many = Product.of(probabilities(rng, 1000, 1))
    assert few.probabilities.max() < 0.99
    assert many.mean == pytest.approx(0.1, abs=1e-6)
    low, high = many.interval
    assert high - low < 1e-6  # no real sample is that sure


def test_one_cluster_gives_its_own_probabilities():
    found = Product.of(np.array([[0.5, 0.25, 0.25]]))
    np.testing.assert_allclose(found.probabilities, [0.5, 0.25, 0.25])
    assert found.mean == pytest.approx(0.275)
    assert found.interval == pytest.approx((0.0, 0.275 + 0.4205), abs=1e-3)


def test_a_probability_of_zero_does_not_rule_out_a_class_alone():
    each = np.array([[0.0, 0.5, 0.5]] + [[0.9, 0.05, 0.05]] * 20, np.float32)
    assert Product.of(each).probabilities.argmax() == 0


def test_no_cluster_is_no_number():
    found = Product.of(np.zeros((0, 3)))
    assert np.isnan([found.mean, *found.interval]).all()
