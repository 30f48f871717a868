"""Segments are the same for the same description, and what it says."""

from __future__ import annotations

import numpy as np
import pytest

from amphitrite.surveys.emri.sampling import N_SAMPLES
from amphitrite_training.surveys.emri.departures import DEPARTURES
from amphitrite_training.surveys.emri.segments import (
    BLOCK,
    NOISE,
    Cut,
    Noise,
    Stored,
    pieces,
)


@pytest.fixture(scope="module")
def two():
    return Noise(NOISE, 0, 2).made()


def test_noise_is_white_and_every_other_segment_is_tapered(two):
    assert two.strain.shape == (2, 2, N_SAMPLES)
    assert two.strain.dtype == np.float32
    np.testing.assert_array_equal(two.ratios, 0)
    middle = two.strain[:, :, 2000:-2000]
    # 0.5 % is 5 standard deviations of the variance of half a million values
    np.testing.assert_allclose(middle.var(axis=(1, 2)), 1, atol=0.01)
    ends = np.abs(two.strain[:, :, :20]).max(axis=(1, 2))
    assert ends[0] < 0.01 < 1 < ends[1]


def test_noise_does_not_depend_on_how_it_is_taken_together(two):
    alone = Noise(NOISE, 1, 1).strain()
    np.testing.assert_array_equal(alone[0], two.strain[1])
    other = Noise(NOISE + 1, 1, 1).strain()
    assert abs(np.corrcoef(other.ravel(), alone.ravel())[0, 1]) < 0.01


def test_misjudged_noise_has_the_same_random_numbers(two):
    loud = Noise(NOISE, 0, 2, DEPARTURES["amplitude -1 %"]).strain()
    np.testing.assert_allclose(loud, 0.99 * two.strain, rtol=1e-5, atol=1e-7)


def test_signals_are_added_as_loud_as_they_should_be(two, some):
    signals = np.stack([some[0], some[1]]).astype(np.float16)
    made = Stored(Noise(NOISE, 0, 2), signals, np.array([30.0, 90.0])).made()
    np.testing.assert_array_equal(made.ratios, [30, 90])
    found = np.sqrt(np.sum((made.strain - two.strain).astype(float) ** 2, axis=(1, 2)))
    # signals are kept in half precision
    np.testing.assert_allclose(found, [30, 90], rtol=1e-3)


def test_segments_of_a_stream_share_what_they_overlap():
    one, two, three = Cut((0, BLOCK, N_SAMPLES)).made().strain
    np.testing.assert_array_equal(one[:, BLOCK:], two[:, :BLOCK])
    np.testing.assert_array_equal(two[:, BLOCK:], three[:, :BLOCK])
    assert not np.array_equal(one[:, :BLOCK], one[:, BLOCK:])


def test_a_stream_does_not_depend_on_how_it_is_cut():
    first = BLOCK + 12_345
    (alone,) = Cut((first,)).made().strain
    before, same = Cut((100, first)).made().strain
    np.testing.assert_array_equal(alone, same)
    np.testing.assert_array_equal(
        before[:, first - 100 :], alone[:, : N_SAMPLES - first + 100]
    )


def test_pieces_hold_all_numbers_once():
    assert list(pieces(7, 3)) == [(0, 3), (3, 3), (6, 1)]
    assert list(pieces(0, 3)) == []
