"""Curves, calibration and intervals, against numbers that are known."""

from __future__ import annotations

import numpy as np
import pytest

from amphitrite_training.evaluation import statistics


def test_the_curve_runs_from_nothing_to_all():
    p, fake = np.array([0.1, 0.2, 0.8]), np.array([False, True, True])
    kept_fake, kept_real = statistics.roc(p, fake)
    np.testing.assert_allclose(kept_fake, [0, 0, 0.5, 1])
    np.testing.assert_allclose(kept_real, [0, 1, 1, 1])


def test_probabilities_that_hold_have_no_error():
    rng = np.random.default_rng(5)
    p = rng.uniform(0, 1, 50_000)
    fake = rng.random(50_000) < p
    assert statistics.expected_calibration_error(p, fake) < 0.01
    assert statistics.expected_calibration_error(p**3, fake) > 0.1
    for each in statistics.reliability(p, fake):
        assert each["fake"] / each["n"] == pytest.approx(each["mean"], abs=0.04)


def test_blocks_that_stand_and_fall_together_widen_the_interval():
    values = np.repeat(np.random.default_rng(2).normal(size=50), 20)
    together, alone = (
        statistics.interval(lambda i: float(values[i].mean()), block)
        for block in (np.repeat(np.arange(50), 20), np.arange(1_000))
    )
    ratio = (together["high"] - together["low"]) / (alone["high"] - alone["low"])
    assert ratio == pytest.approx(np.sqrt(20), rel=0.3)
