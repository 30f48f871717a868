"""What was learned survives the spec, and curves are those of their clusters."""

from __future__ import annotations

import numpy as np
import pytest

from amphitrite.errors import SpecMismatch
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


def test_no_variance_falls_to_nothing():
    curve = ScoreCurve(0.0, np.zeros(5), np.zeros((5, 5)), np.array([0, 1, 0.0]), 1.0)
    np.testing.assert_allclose(curve.variance_at(np.array([0.0, LARGEST])), [0.2, 1])


def test_values_survive_the_spec(learned):
    served = MODEL.with_weights(digest="", learned=learned.as_learned())
    again = Learned.of(type(served).from_json(served.to_json()))
    assert again.as_learned() == learned.as_learned()
    assert [curve.noise for curve in again.curves["total"]] == [0, 0.4]


@pytest.mark.parametrize("missing", ["score_curves", "domain_distances", "floor"])
def test_a_missing_value_is_refused(learned, missing):
    values = learned.as_learned()
    del values[missing]
    with pytest.raises(SpecMismatch, match="does not say what was learned"):
        Learned.of(MODEL.with_weights(digest="", learned=values))


def test_kinds_have_names():
    assert kind(np.array([1, 0, 0]), relative=False) == "total"
    assert kind(np.array([1, 1, 1]), relative=True) == "relative total+xray+stars"
