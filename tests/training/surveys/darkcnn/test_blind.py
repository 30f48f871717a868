"""Three ways to estimate a cross-section that is no class."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from amphitrite.surveys.darkcnn.page import CROSS_SECTIONS
from amphitrite_training.surveys.darkcnn import cases
from amphitrite_training.surveys.darkcnn.blind import (
    LINEAR,
    LOGARITHMIC,
    TRUE,
    Blind,
    interpolated,
    parts,
)

from .drawn import LEARNED, of_classes, of_one


@pytest.fixture(scope="module")
def known():
    return of_classes(np.random.default_rng(1), cases.CLEAR, 500)


def test_the_calibrated_estimate_is_right_and_the_product_is_a_class(known):
    sample = of_one(np.random.default_rng(2), cases.CLEAR, 1_000)
    found = Blind.of(cases.CLEAR, sample, known, LEARNED)
    low, high = found.sample.posterior.interval(0.95)
    assert low <= TRUE <= high
    product = found.sample.judgement.product.mean
    assert min(abs(product - each) for each in CROSS_SECTIONS) < 0.01
    for axis in (LOGARITHMIC, LINEAR):
        each = found.interpolated[axis]
        assert 0.1 < each.value < 1
        assert 0 < each.error < 0.1
    # the two axes do not agree
    assert found.interpolated[LINEAR].value != pytest.approx(
        found.interpolated[LOGARITHMIC].value, rel=0.05
    )
    json.dumps(found.as_dict(), allow_nan=False)


@pytest.mark.parametrize("axis", [LOGARITHMIC, LINEAR])
@pytest.mark.parametrize("true", CROSS_SECTIONS)
def test_classes_themselves_are_found(known, axis, true):
    sample = known.take(known.cross_section == true)
    found = interpolated(sample, known, axis)
    assert found.value == pytest.approx(true, abs=1e-6)


def test_beyond_the_classes_the_end_stands(known):
    sure = np.tile([0.0, 0.0, 1.0], (5, 1))
    sample = of_one(np.random.default_rng(3), cases.CLEAR, 5)
    sample = replace(sample, clusters=replace(sample.clusters, probabilities=sure))
    assert interpolated(sample, known, LINEAR).value == pytest.approx(1)
    assert interpolated(sample, known, LINEAR).error == 0


def test_samples_share_no_cluster():
    whole = of_one(np.random.default_rng(4), cases.CLEAR, 12)
    small, large = parts(whole, (2, 10))
    assert small.number.tolist() == [0, 1]
    assert large.number.tolist() == list(range(2, 12))
