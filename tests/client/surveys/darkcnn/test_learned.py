"""What was learned survives the spec, and curves are those of their clusters."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from amphitrite.errors import BadInput, SpecMismatch
from amphitrite.surveys.darkcnn.learned import (
    LARGEST,
    Learned,
    ScoreCurve,
    kind,
    logarithm,
    polynomials,
)
from amphitrite.surveys.darkcnn.page import MODEL


def test_polynomials_run_from_the_smallest_to_the_largest():
    terms = polynomials(np.array([0.0, LARGEST, 2 * LARGEST]), 3)
    np.testing.assert_allclose(terms, [[1, -1, 1], [1, 1, 1], [1, 1, 1]])


def test_a_curve_is_that_of_its_clusters():
    rng = np.random.default_rng(1)
    n = 5000
    truth = rng.uniform(0, LARGEST, n)
    scores = 0.7 * logarithm(truth) + rng.normal(0, 0.2, n)
    curve = ScoreCurve.of(0.4, truth, scores)
    at = np.array([0.05, 0.3, 1.0])
    error = np.sqrt(curve.mean_error_at(at))
    # three of its own errors, which are 0.2 over the root of a few hundred clusters
    np.testing.assert_array_less(
        np.abs(curve.mean_at(at) - 0.7 * logarithm(at)), 3 * error
    )
    np.testing.assert_allclose(curve.variance_at(at), 0.04, rtol=0.1)
    assert curve.noise == 0.4
    assert curve.typical == pytest.approx(0.04, rel=0.1)


def test_the_farthest_cluster_is_that_of_the_nearest_noise(learned, curve):
    total = [replace(curve(noise=noise), farthest=1 + noise) for noise in (0.0, 0.4)]
    known = replace(learned, curves={"total": total})
    assert known.farthest("total") == 1
    assert known.farthest("total", 0.3) == 1.4
    assert known.farthest("total+stars") == math.inf


def test_no_variance_falls_to_nothing():
    curve = ScoreCurve(0.0, np.zeros(5), np.zeros((5, 5)), np.array([0, 1, 0.0]), 1.0)
    np.testing.assert_allclose(curve.variance_at(np.array([0.0, LARGEST])), [0.2, 1])


def test_values_survive_the_spec(learned):
    served = MODEL.with_weights(digest="", learned=learned.as_learned())
    again = Learned.of(type(served).from_json(served.to_json()))
    assert again.as_learned() == learned.as_learned()
    assert [curve.noise for curve in again.curves["total"]] == [0, 0.4]


@pytest.mark.parametrize("missing", ["score_curves", "systematics", "floor"])
def test_a_missing_value_is_refused(learned, missing):
    values = learned.as_learned()
    del values[missing]
    with pytest.raises(SpecMismatch, match="does not say what was learned"):
        Learned.of(MODEL.with_weights(digest="", learned=values))


def test_kinds_have_names():
    assert kind(np.array([1, 0, 0]), relative=False) == "total"
    assert kind(np.array([1, 1, 1]), relative=True) == "relative total+xray+stars"


@pytest.mark.parametrize(
    ("values", "n_terms"),
    [((0.0, 1.0), 2), ((0.0, 0.1, 1.0), 3), ((0, 0.1, 0.3, 1), 4)],
)
def test_a_curve_has_no_more_terms_than_cross_sections(values, n_terms):
    rng = np.random.default_rng(2)
    truth = np.repeat(np.array(values, float), 300)
    scores = 0.5 * logarithm(truth) + rng.normal(0, 0.1, len(truth))
    curve = ScoreCurve.of(0.0, truth, scores)
    assert (curve.mean[n_terms:] == 0).all()
    assert (curve.covariance[n_terms:] == 0).all()
    assert curve.mean.shape == (5,)
    assert curve.variance.shape == (3,)
    at = np.array(values, float)
    # four of its own errors, of 300 clusters at each point
    error = np.sqrt(curve.mean_error_at(at))
    np.testing.assert_allclose(error, 0.1 / np.sqrt(300), rtol=0.1)
    np.testing.assert_array_less(np.abs(curve.mean_at(at) - logarithm(at) / 2), 0.024)


def test_a_curve_of_two_cross_sections_is_straight():
    truth = np.array([0.0, 0.0, 1.0, 1.0])
    scatter = np.array([0.1, -0.1, 0.1, -0.1])
    curve = ScoreCurve.of(0.0, truth, logarithm(truth) + scatter)
    at = np.array([0.0, 0.2, 1.0, 1.5])
    np.testing.assert_allclose(curve.mean_at(at), logarithm(at), atol=1e-9)


def test_a_curve_of_one_cross_section_is_refused():
    with pytest.raises(BadInput, match="two cross-sections at least"):
        ScoreCurve.of(0.0, np.full(9, 0.1), np.arange(9.0))
