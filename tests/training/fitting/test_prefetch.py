from __future__ import annotations

import threading
import time

import numpy as np
import pytest

from amphitrite_training.fitting.prefetch import _AHEAD, prefetched


class Numbers:
    """Ten batches that say which they are; the even ones take longer."""

    def __init__(self, broken: int = -1) -> None:
        self.broken = broken
        self.begun: list[int] = []

    def __len__(self):
        return 10

    def batch(self, epoch, index):
        self.begun.append(index)
        time.sleep(0.01 * (index % 2 == 0))
        if index == self.broken:
            raise ValueError(f"batch {index} is broken")
        return {"x": np.array([epoch, index])}, {}


def names(threads):
    return {each.name for each in threads if each.name.startswith("batches")}


def test_batches_come_in_order_from_the_start_asked_for():
    with prefetched(Numbers(), epoch=3, start=4) as batches:
        found = [inputs["x"].tolist() for inputs, _ in batches]
    assert found == [[3, index] for index in range(4, 10)]


def test_no_more_than_a_few_are_prepared_ahead():
    numbers = Numbers()
    with prefetched(numbers, epoch=0) as batches:
        next(batches)
        time.sleep(0.2)  # long enough to prepare all ten
        assert len(numbers.begun) == _AHEAD + 1


def test_leaving_early_prepares_no_more_and_leaves_no_thread():
    numbers = Numbers()
    with prefetched(numbers, epoch=0) as batches:
        next(batches)
        assert names(threading.enumerate())
    assert not names(threading.enumerate())
    begun = len(numbers.begun)
    time.sleep(0.05)
    assert len(numbers.begun) == begun <= _AHEAD + 1


def test_an_error_is_raised_where_its_batch_is_taken():
    with prefetched(Numbers(broken=2), epoch=0) as batches:
        assert [next(batches)[0]["x"][1] for _ in range(2)] == [0, 1]
        with pytest.raises(ValueError, match="batch 2 is broken"):
            next(batches)
    assert not names(threading.enumerate())
