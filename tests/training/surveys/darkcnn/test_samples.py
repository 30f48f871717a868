"""Samples of drawn clusters give the cross-section they were drawn with."""

from __future__ import annotations

import json

import numpy as np
import pytest

from amphitrite.surveys.darkcnn.interpret.posterior import GRID, Posterior
from amphitrite_training.surveys.darkcnn import cases
from amphitrite_training.surveys.darkcnn.samples import Sample, level, number

from .drawn import LEARNED, of_one


def test_the_truth_is_found_and_unlike_clusters_are_left_out():
    rng = np.random.default_rng(1)
    found = Sample.of(of_one(rng, cases.CLEAR, 500, 0.3, far=0.2), LEARNED)
    low, high = found.posterior.interval(0.95)
    assert low <= 0.3 <= high
    assert (found.true, found.n) == (0.3, 500)
    assert 350 < found.n_counted < 450
    # with more clusters it is narrower
    assert np.ptp(found.everything.interval(0.95)) < high - low


def test_the_level_is_the_probability_of_what_is_denser():
    posterior = Posterior.of(-0.5 * ((GRID - 0.7) / 0.1) ** 2)
    assert level(posterior, 0.7) == pytest.approx(0, abs=0.02)
    # one standard deviation on either side
    assert level(posterior, 0.8) == pytest.approx(0.68, abs=0.02)
    assert level(posterior, 0.6) == pytest.approx(0.68, abs=0.02)
    assert level(posterior, 1.5) == pytest.approx(1, abs=1e-6)
    assert np.isnan(level(Posterior.unknown(), 0.5))


def test_a_sample_without_a_cluster_that_counts_has_no_estimate():
    rng = np.random.default_rng(1)
    found = Sample.of(of_one(rng, cases.CLEAR, 5, far=1.0), LEARNED)
    assert found.n_counted == 0
    told = json.loads(json.dumps(found.as_dict(), allow_nan=False))
    assert told["median"] is None
    assert told["interval_68"] == [None, None]
    assert number(0.5) == 0.5
