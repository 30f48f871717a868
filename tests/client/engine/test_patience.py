"""How long a run waits for a failing server, on a clock that only waiting moves."""

from concurrent.futures import Future
from itertools import chain, repeat

import numpy as np
import pytest

from amphitrite import errors
from amphitrite.engine import execution
from amphitrite.engine.control import Limits
from amphitrite.engine.execution import Unit, execute
from amphitrite.engine.journal import Journal

GONE = errors.ServerUnreachable("gone")


class Clock:
    """Stands for the module `time`."""

    def __init__(self):
        self.now = 1000.0
        self.pauses = []

    def monotonic(self):
        return self.now

    def sleep(self, seconds):
        self.pauses.append(seconds)
        self.now += seconds


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(execution, "time", clock)
    return clock


class Work:
    """One request."""

    def __init__(self, number):
        self.number = number

    def requests(self):
        yield None, {"x": np.array([self.number])}

    def add(self, where, outputs):
        self.answer = outputs["x"]

    def record(self):
        return {"answer": self.answer}


class Server:
    """Answers after so many seconds, or fails; is asked how it is after a failure."""

    def __init__(self, clock, answers, states=()):
        self.clock = clock
        self.answers = iter(answers)
        self.states = iter(states)

    def submit(self, tensors, outputs=None):
        answer, future = next(self.answers), Future()
        if isinstance(answer, Exception):
            future.set_exception(answer)
        else:
            self.clock.now += answer
            future.set_result(tensors)
        return future

    def check_unchanged(self):
        if (state := next(self.states, None)) is not None:
            raise state


def run(server, tmp_path, *, patience, n_units=3):
    units = [Unit(str(number), number) for number in range(n_units)]
    limits = Limits(in_flight=1, patience=patience)
    with Journal(tmp_path / "journal", {}, resume=False) as journal:
        return execute(units, Work, server, journal, limits=limits)


def test_an_answer_between_two_failures_ends_the_first(clock, tmp_path):
    """Failures 100 s apart are no failure of 100 s."""
    server = Server(clock, [GONE, 100.0, GONE, 100.0, GONE, 0.0])
    assert run(server, tmp_path, patience=10).done == 3


def test_the_patience_counts_from_the_first_of_failures_in_a_row(clock, tmp_path):
    """A server that says it is well and fails every request is given up too."""
    server = Server(clock, [*repeat(GONE, 1000), 0.0], states=repeat(None))
    with pytest.raises(errors.ServerUnreachable, match="gone"):
        run(server, tmp_path, patience=10)
    # less at most one pause
    assert 9 < clock.now - 1000 <= 10


def test_a_server_that_stays_away_is_asked_ever_less_often(clock, tmp_path):
    server = Server(clock, chain([GONE], repeat(0.0)), states=repeat(GONE, 7))
    assert run(server, tmp_path, patience=60).done == 3
    assert clock.pauses == [0.25, 0.5, 1, 2, 4, 5, 5, 5]


def test_no_patience_gives_up_at_once(clock, tmp_path):
    server = Server(clock, chain([GONE], repeat(0.0)))
    with pytest.raises(errors.ServerUnreachable, match="gone"):
        run(server, tmp_path, patience=0)
    assert clock.pauses == []


def test_a_server_that_comes_back_with_other_weights_ends_the_run(clock, tmp_path):
    other = errors.SpecMismatch("other weights")
    server = Server(clock, chain([GONE], repeat(0.0)), states=[GONE, other])
    with pytest.raises(errors.SpecMismatch, match="other weights"):
        run(server, tmp_path, patience=10)
