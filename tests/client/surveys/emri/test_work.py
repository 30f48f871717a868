"""Blocks on their way through the server, without one."""

from __future__ import annotations

import numpy as np
import pytest
from red_noise import red_noise

from amphitrite.surveys.emri.page import STATISTIC, STRAIN
from amphitrite.surveys.emri.prepare.curves import designed
from amphitrite.surveys.emri.prepare.segments import blocks
from amphitrite.surveys.emri.prepare.strain import Stretch
from amphitrite.surveys.emri.sampling import N_SAMPLES, SAMPLE_SECONDS
from amphitrite.surveys.emri.work import SegmentWork, prepare, prepare_noise


@pytest.fixture(scope="module")
def block():
    n = 2 * N_SAMPLES
    stretch = Stretch(1.1 * red_noise(8, n), np.zeros(n, bool), 300.0)
    (found,) = blocks(stretch, 0.75)
    return found


def test_every_segment_is_asked_once_and_answers_find_their_places(block):
    work = prepare(block, curves=designed(), batch=2)
    requests = list(work.requests())
    assert [len(tensors[STRAIN]) for _, tensors in requests] == [2, 2, 1]
    for where, tensors in reversed(requests):  # answers come in any order
        strain = tensors[STRAIN]
        assert strain.dtype == np.float32
        assert strain.shape[1:] == (2, N_SAMPLES)
        work.add(where, {STATISTIC: strain[:, :1, 1000]})
    record = work.record()
    expected = [work.strain[0, first + 1000] for first in block.firsts]
    np.testing.assert_array_equal(record[STATISTIC], expected)
    steps = N_SAMPLES // 4 * SAMPLE_SECONDS
    np.testing.assert_allclose(record["start"], 300 + steps * np.arange(5))
    # the strain is a tenth louder than its curve; medians over half a year
    np.testing.assert_allclose(record["level"], np.full((5, 2), 1.1), rtol=0.01)
    np.testing.assert_array_equal(record["missing"], np.zeros(5))


def test_an_answer_that_never_came_is_no_number():
    work = SegmentWork(np.zeros((2, N_SAMPLES + 2), np.float32), (0, 1, 2), 2, {})
    work.add(slice(0, 2), {STATISTIC: np.array([[1.0], [2.0]])})
    np.testing.assert_array_equal(work.record()[STATISTIC], [1, 2, np.nan])


def test_noise_is_the_same_for_the_same_seed():
    one, again, other = (
        prepare_noise(seed, curves=None, batch=8) for seed in (1, 1, 2)
    )
    ((_, first),) = one.requests()
    segments = first[STRAIN]
    assert segments.shape == (8, 2, N_SAMPLES)
    np.testing.assert_array_equal(one.strain, again.strain)
    assert np.abs(np.corrcoef(one.strain[0], other.strain[0])[0, 1]) < 0.02
    assert np.abs(np.corrcoef(segments[0, 0], segments[1, 0])[0, 1]) < 0.02
