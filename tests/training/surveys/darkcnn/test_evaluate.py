"""What is measured through a served network, on a few clusters."""

from __future__ import annotations

import json

import numpy as np

from amphitrite_training.surveys.darkcnn import blind, cases, coverage
from amphitrite_training.surveys.darkcnn import evaluate as evaluation
from amphitrite_training.surveys.darkcnn.data import CALIBRATION_IDS, TEST_IDS
from amphitrite_training.surveys.darkcnn.evaluate import Sizes
from amphitrite_training.surveys.darkcnn.recipe import MOST_IDS
from amphitrite_training.surveys.darkcnn.strangers import VARIANTS
from amphitrite_training.surveys.darkcnn.systematics import OTHERS


def test_all_is_measured_that_should_be(measured):
    found, bars = measured
    assert bars == {
        "classes": (12 * len(cases.CASES),) * 2,
        "samples": (6 * len(cases.COVERED),) * 2,
        "blind samples": (5 * len(cases.BLIND),) * 2,
        "populations": (3 * (1 + len(OTHERS)),) * 2,
        "strangers": (2 * 3 * 3 * len(VARIANTS),) * 2,
    }
    assert [each.case for each in found.accuracies] == list(cases.CASES)
    assert [each.case for each in found.coverages] == list(cases.COVERED)
    assert [each.name for each in found.biases] == list(OTHERS)
    assert [(each.case, each.sample.n) for each in found.blind] == [
        (case, n) for case in cases.BLIND for n in (2, 3)
    ]
    assert found.version == 3
    assert found.published is None
    json.dumps(found.as_dict(), allow_nan=False)


def test_test_clusters_have_all_classes(measured):
    found, _ = measured
    for each in found.accuracies:
        assert (
            each.judged.number.tolist()
            == np.repeat(TEST_IDS + np.arange(4), 3).tolist()
        )
        assert each.judged.cross_section.tolist() == [0, 0.1, 1] * 4
    noisy = found.accuracy(cases.NOISY_ALONE).judged.clusters
    # each of thousands of pixels
    assert np.allclose(noisy.noise, 0.41, atol=0.05)


def test_samples_have_the_cross_sections_that_are_true_of_them(measured):
    found, _ = measured
    for each in found.coverages:
        np.testing.assert_array_equal(
            [sample.true for sample in each.samples], coverage.true_cross_sections(3)
        )
        assert {sample.n for sample in each.samples} == {2}
    assert {each.sample.true for each in found.blind} == {blind.TRUE}


def test_no_id_is_in_two_parts_or_was_trained_on():
    firsts = [
        *(TEST_IDS, coverage.FIRST_ID, blind.FIRST_ID),
        *(evaluation._BIAS_IDS, evaluation._STRANGER_IDS),
    ]
    sizes = Sizes()
    lengths = [
        sizes.n_ids,
        sizes.n_truths * sizes.n_each,
        sum(sizes.n_blind),
        sizes.n_bias,
        sizes.n_strangers,
    ]
    ends = [first + length for first, length in zip(firsts, lengths, strict=True)]
    assert firsts == sorted(firsts)
    assert all(end <= first for end, first in zip(ends, firsts[1:], strict=False))
    assert CALIBRATION_IDS + MOST_IDS <= TEST_IDS


def test_sizes_are_in_proportion_and_not_too_small():
    assert Sizes.of(24) == Sizes()
    assert 3 * Sizes().n_ids >= 3_600
    quick = Sizes.of(1)
    assert (quick.n_ids, quick.n_truths, quick.n_each) == (100, 10, 100)
    assert quick.n_blind == (100, 100)
    assert (quick.n_bias, quick.n_strangers) == (25, 10)
