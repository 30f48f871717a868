"""Segments that overlap are one trigger."""

from __future__ import annotations

import numpy as np

from amphitrite.surveys.emri.interpret.triggers import Trigger, triggers
from amphitrite.surveys.emri.sampling import SEGMENT_SECONDS

HALF = SEGMENT_SECONDS / 2


def test_nothing_above_the_threshold_is_no_trigger():
    assert triggers(np.array([0, HALF]), np.array([1.0, 2.0]), 2.0) == []


def test_segments_that_overlap_are_taken_together():
    starts = HALF * np.arange(7)
    statistics = np.array([5.0, 9.0, 0.0, 0.0, 6.0, 0.0, 7.0])
    first, second, third = triggers(starts, statistics, 4.0)
    assert first == Trigger(0, 1, 1, HALF, 0.0, 3 * HALF, 9.0)
    # 4 and 6 touch, and do not overlap
    assert second == Trigger(4, 4, 4, 4 * HALF, 4 * HALF, 6 * HALF, 6.0)
    assert third == Trigger(6, 6, 6, 6 * HALF, 6 * HALF, 8 * HALF, 7.0)


def test_a_quiet_segment_between_does_not_part_those_that_overlap():
    starts = SEGMENT_SECONDS * np.array([0, 0.25, 0.5])
    (found,) = triggers(starts, np.array([5.0, 1.0, 4.5]), 4.0)
    assert (found.first, found.last, found.loudest) == (0, 2, 0)
    assert found.end == 1.5 * SEGMENT_SECONDS
