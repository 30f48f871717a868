"""Segments keep their order and their statistics, and few are held at a time."""

from __future__ import annotations

import pickle
from concurrent.futures import Future

import numpy as np
import pytest

from amphitrite.engine import workers
from amphitrite.surveys.emri.page import STATISTIC, STRAIN
from amphitrite_training.surveys.emri.judging import Judge, make
from amphitrite_training.surveys.emri.segments import (
    NOISE,
    Made,
    Noise,
    pieces,
)
from amphitrite_training.surveys.emri.yardsticks import yardsticks

N = 7


class Summing:
    """A network on no server: its statistic is a sum over the strain."""

    def __init__(self, max_batch):
        self.max_batch = max_batch
        self.sizes = []

    def submit(self, tensors, outputs):
        assert outputs == (STATISTIC,)
        strain = tensors[STRAIN]
        assert strain.dtype == np.float32
        self.sizes.append(len(strain))
        future = Future()
        future.set_result({STATISTIC: strain.sum(axis=(1, 2))[:, None]})
        return future


@pytest.fixture(scope="module")
def judged():
    networks = {"one": Summing(3), "other": Summing(64)}
    steps, described = [], []

    def batches():
        for first, n in pieces(N, 3):
            described.append(first)
            yield Noise(NOISE, first, n)

    with workers.pool(0) as pool:
        judge = Judge(networks, pool, ahead=1)
        assert judge.rows == 3
        found = judge.judged(batches(), steps.append)
    assert networks["one"].sizes == networks["other"].sizes == [3, 3, 1]
    assert steps == [3, 3, 1]
    assert described == [0, 3, 6]
    return found


def test_statistics_are_in_the_order_of_the_segments(judged):
    assert len(judged) == N
    assert list(judged.statistics) == ["one", "other", "energy", "band_share", "boxes"]
    for number in (0, 4, 6):
        (strain,) = Noise(NOISE, number, 1).strain()
        assert judged.statistics["one"][number] == strain.sum(dtype=np.float32)
        for name, value in yardsticks(strain).items():
            assert judged.statistics[name][number] == value


def test_a_batch_can_be_made_in_another_process():
    function, batch = pickle.loads(pickle.dumps((make, Noise(NOISE, 4, 1))))
    made, known = function(batch)
    np.testing.assert_array_equal(made.strain, Noise(NOISE, 4, 1).strain())
    assert set(known) == set(yardsticks(made.strain[0]))


def test_a_batch_is_described_only_when_its_turn_comes():
    """With two made and three asked at most, no more than six are described."""
    asked, answered, most = [], [], []

    class Waiting(Summing):
        def submit(self, tensors, outputs):
            asked.append(1)
            return super().submit(tensors, outputs)

    class Small:
        n = 1

        def __init__(self):
            most.append(len(most) + 1 - len(answered))

        def made(self):
            return Made(np.ones((1, 2, 4096), np.float32), np.zeros(1))

    with workers.pool(0) as pool:
        judge = Judge({"one": Waiting(1)}, pool, ahead=2)
        judge.judged((Small() for _ in range(20)), answered.append)
    assert len(asked) == len(answered) == 20
    assert max(most) <= 6
