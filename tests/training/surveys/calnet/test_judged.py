"""Sets of stars: chosen, joined, and which of them are clear."""

from __future__ import annotations

import numpy as np

from amphitrite_training.surveys.calnet.judged import JudgedStars

STARS = JudgedStars(
    seed=np.arange(6),
    kind=np.array(["EA", "EA", "EB", "quiet", "transit", "spots"]),
    tmag=np.array([8.0, 12.0, 14.0, 7.0, 12.9, 13.0]),
    period=np.array([4.0, 2.0, 1.0, 0, 0, 0]),
    depth=np.array([0.2, 0.02, 0.1, 0, 0, 0]),
    p_eb=np.array([0.99, 0.4, np.nan, 0.1, 0.92, 0.3]),
    found_period=np.array([4.0, *[np.nan] * 5]),
)


def test_binaries_are_known_by_their_kind():
    assert STARS.is_binary.tolist() == [True, True, True, False, False, False]


def test_clear_cases_are_bright_and_deep():
    # others have no depth; 13.0 is too faint
    assert STARS.is_clear.tolist() == [True, False, False, True, True, False]


def test_stars_are_chosen_and_joined():
    parts = [STARS.where(STARS.is_binary), STARS.where(np.array([5, 3]))]
    both = JudgedStars.joined(parts)
    assert len(both) == 5
    np.testing.assert_array_equal(both.seed, [0, 1, 2, 5, 3])
    np.testing.assert_array_equal(both.p_eb, STARS.p_eb[[0, 1, 2, 5, 3]])
