"""Estimates of samples whose cross-section is known."""

from __future__ import annotations

import numpy as np
import pytest

from amphitrite.surveys.darkcnn.interpret.posterior import GRID, Posterior
from amphitrite.surveys.darkcnn.interpret.sample import (
    cluster_estimates,
    estimate,
    grouped,
    log_likelihoods,
    sample_log_likelihood,
    shift_on_grid,
    systematics,
)
from amphitrite.surveys.darkcnn.learned import ScoreCurve, logarithm


def groups_of(kinds, curves, noise=0.0):
    return grouped(kinds, np.broadcast_to(noise, len(kinds)), curves)


def test_intervals_cover_the_truth_as_often_as_they_say(curve):
    """Simulation-based calibration: truths from the prior, a sample for each."""
    rng = np.random.default_rng(7)
    toy, n = curve(scatter=0.3, error=0.02), 50
    groups = groups_of(["total"] * n, {"total": [toy]})
    hits = {0.68: 0, 0.95: 0}
    mocks = 400
    for truth in rng.uniform(0, 1.5, mocks):
        # the curve that was simulated is off by its own error, for all clusters
        mean = logarithm(truth) + rng.normal(0, 0.02)
        found = estimate(rng.normal(mean, 0.3, n), groups)
        for share in hits:
            low, high = found.interval(share)
            hits[share] += low <= truth <= high
    # the binomial error of 400 mocks is 0.023 and 0.011: two and a half of them
    assert 0.62 <= hits[0.68] / mocks <= 0.74
    assert 0.92 <= hits[0.95] / mocks <= 0.98


def test_an_interval_contains_zero_where_it_is_true(curve):
    groups = groups_of(["total"] * 400, {"total": [curve()]})
    rng = np.random.default_rng(1)
    covered = 0
    for _ in range(50):
        found = estimate(rng.normal(logarithm(0.0), 0.25, 400), groups)
        low, high = found.interval(0.95)
        covered += low == 0
        assert high < 0.05
    assert covered >= 45  # 95 % of 50 less two of their binomial errors


def test_a_curve_that_was_fitted_gives_back_its_truth():
    rng = np.random.default_rng(2)
    truths = rng.uniform(0, 2, 6000)
    # a network that saturates, and is surer of large cross-sections
    score = np.tanh(logarithm(truths)) + rng.normal(0, 0.3 - 0.1 * truths / 2)
    fitted = ScoreCurve.of(0.0, truths, score)
    n = 3000
    mean = np.tanh(logarithm(0.3))
    scores = rng.normal(mean, 0.285, n)
    found = estimate(scores, groups_of(["total"] * n, {"total": [fitted]}))
    low, high = found.interval(0.95)
    assert low <= 0.3 <= high
    assert high - low < 0.1


def test_kinds_are_multiplied(curve):
    curves = {"total": [curve()], "total+stars": [curve(scatter=0.1)]}
    kinds = ["total"] * 30 + ["total+stars"] * 10
    rng = np.random.default_rng(3)
    scores = logarithm(0.5) + rng.normal(0, np.repeat([0.25, 0.1], [30, 10]))
    both = groups_of(kinds, curves)
    assert [group.kind for group in both] == ["total", "total+stars"]
    parts = [sample_log_likelihood(scores, [group]) for group in both]
    np.testing.assert_allclose(sample_log_likelihood(scores, both), sum(parts))
    alone = estimate(scores, both[:1]).interval(0.68)
    low, high = estimate(scores, both).interval(0.68)
    assert high - low < alone[1] - alone[0]


def test_clusters_have_the_curve_of_the_nearest_noise(curve):
    curves = {"total": [curve(noise=noise) for noise in (0.0, 0.3, 0.4)]}
    noise = np.array([0.01, 0.29, 0.36, 0.5, 0.7, np.nan])
    found = grouped(["total"] * 6, noise, curves)
    rows = {group.curve.noise: group.rows.tolist() for group in found}
    # 0.7 is far noisier than all that was simulated: no curve holds
    assert rows == {0.0: [0], 0.3: [1], 0.4: [2, 3]}
    assert grouped(["relative total"], np.zeros(1), curves) == []
    assert grouped(["total"], np.zeros(1), {"total": []}) == []


def test_log_likelihoods_of_clusters_add_up_to_that_of_the_sample(curve):
    """Without an error of the curve, and with one variance for all cross-sections."""
    scores = np.random.default_rng(4).normal(logarithm(0.4), 0.25, 20)
    groups = groups_of(["total"] * 20, {"total": [curve()]})
    added = log_likelihoods(scores, curve()).sum(axis=0)
    together = sample_log_likelihood(scores, groups)
    np.testing.assert_allclose(added - added[0], together - together[0], atol=1e-9)


def test_a_cluster_alone_says_little(curve):
    scores = logarithm(np.array([0.0, 1.0, 0.1, 0.1]))
    groups = groups_of(["total", "total", "total", "xray"], {"total": [curve()]})
    median, error = cluster_estimates(scores, groups)
    alone = estimate(scores[1:2], groups_of(["total"], {"total": [curve()]}))
    assert median[1] == pytest.approx(alone.median)
    assert 0 < median[0] < median[2] < median[1]
    assert np.isnan([median[3], error[3]]).all()
    assert error[0] < error[1] < 0.433


def test_a_systematic_moves_the_estimate_against_the_score(curve):
    n = 4000
    groups = groups_of(["total"] * n, {"total": [curve()]})
    scores = np.full(n, float(logarithm(0.5)))
    # a score that is larger by log10 of 1.5 at 0.5 means a cross-section 1.5 smaller
    larger = float(logarithm(0.5) - logarithm(1 / 3))
    shifts = {
        "older": np.array([[0.0, larger], [2.0, larger]]),
        "none": np.array([[1.0, 0.0]]),
    }
    found = systematics(scores, groups, shifts)
    assert found["older"] == pytest.approx(1 / 3 - 0.5, abs=0.002)
    assert found["none"] == 0
    assert np.isnan(systematics(scores, [], shifts)["older"])


def test_shifts_are_interpolated_in_the_logarithm():
    pairs = np.array([[1.0, 0.2], [0.0, 0.0]])  # in any order
    found = shift_on_grid(pairs)
    assert (found[0], found[-1]) == (0, 0.2)  # constant beyond the last
    place = np.interp(logarithm(0.1), logarithm(np.array([0.0, 1.0])), [0.0, 0.2])
    assert found[GRID.searchsorted(0.1 - 1e-9)] == pytest.approx(float(place))


def test_no_cluster_is_no_estimate():
    found = estimate(np.zeros(0), [])
    assert isinstance(found, Posterior)
    assert not found.is_known
