"""Tables of columns are cut and joined row by row."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from amphitrite_training.evaluation.rows import Rows


@dataclass(frozen=True)
class Places(Rows):
    """Two columns, one of them with an axis of its own."""

    name: NDArray[np.str_]
    xy: NDArray[np.float64]


TABLE = Places(np.array(["a", "b", "c"]), np.arange(6.0).reshape(3, 2))


def test_rows_are_chosen_by_a_mask_or_by_their_numbers():
    for chosen in (np.array([True, False, True]), np.array([0, 2])):
        some = TABLE.where(chosen)
        assert isinstance(some, Places)
        assert some.name.tolist() == ["a", "c"]
        assert some.xy.tolist() == [[0.0, 1.0], [4.0, 5.0]]


def test_parts_are_joined_in_their_order():
    joined = Places.joined([TABLE.where(np.array([2])), TABLE])
    assert joined.name.tolist() == ["c", "a", "b", "c"]
    assert joined.xy[:, 0].tolist() == [4.0, 0.0, 2.0, 4.0]
