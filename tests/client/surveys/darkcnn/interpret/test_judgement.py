"""Which clusters count."""

from __future__ import annotations

import numpy as np

from amphitrite.surveys.darkcnn.interpret.judgement import judged
from amphitrite.surveys.darkcnn.learned import logarithm


def test_clusters_out_of_the_domain_and_without_a_curve_do_not_count(
    judged_clusters, learned
):
    scores = np.full(6, float(logarithm(0.3)))
    present = np.tile(np.float32([1, 0, 0]), (6, 1))
    present[4] = 1, 0, 1  # with stars
    present[5] = 1, 1, 0  # with X-rays, of which none were simulated
    noise = np.array([0, 0, 0, 0.9, 0, 0])
    distance = np.array([1.0, 6.0, 1.0, 1.0, 1.0, 9.0])
    clusters = judged_clusters(scores, present=present, noise=noise, distance=distance)
    found = judged(clusters, learned)
    assert found.out_of_domain.tolist() == [False, True, False, False, False, False]
    assert found.uncalibrated.tolist() == [False, False, False, True, False, True]
    assert found.in_sample.tolist() == [True, False, True, False, True, False]
    assert [group.rows.tolist() for group in found.sample] == [[0, 2], [4]]
    assert [group.rows.tolist() for group in found.calibrated] == [[0, 1, 2], [4]]
    assert found.shifts["age 7.5 Gyr"] < 0


def test_relative_maps_are_a_kind_of_their_own(judged_clusters, learned):
    clusters = judged_clusters([0.0], flags=np.array(["coarse,relative"]))
    assert judged(clusters, learned).uncalibrated.tolist() == [True]


def test_a_sample_without_a_cluster_has_no_estimate(judged_clusters, learned):
    clusters = judged_clusters([0.0, 0.1], distance=np.array([7.0, 8.0]))
    found = judged(clusters, learned)
    assert not found.in_sample.any()
    assert not found.posterior.is_known
    assert np.isnan([found.product.mean, *found.shifts.values()]).all()
