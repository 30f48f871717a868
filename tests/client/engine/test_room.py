"""A full queue lowers what is in flight, and answers raise it again."""

from types import SimpleNamespace

import pytest

from amphitrite.engine import room
from amphitrite.engine.control import Limits
from amphitrite.engine.room import Room
from amphitrite.errors import QueueFull

FULL = QueueFull("no room")


@pytest.fixture
def pauses(monkeypatch):
    """The pauses, on a clock that only they move."""
    paused = []
    clock = SimpleNamespace(sleep=paused.append, monotonic=lambda: 100.0 + sum(paused))
    monkeypatch.setattr(room, "time", clock)
    return paused


def test_what_was_taken_may_be_in_flight_and_grows_with_answers(pauses, caplog):
    room = Room(Limits(in_flight=8))
    assert room.size == 8
    room.refused(FULL, 3)
    assert room.size == 3
    for _ in range(4):
        room.answered()
    assert room.size == 4
    for _ in range(100):
        room.answered()
    assert room.size == 8
    room.refused(FULL, 2)
    assert room.size == 2
    assert pauses == []
    assert caplog.text.count("no room") == 1  # it is said once


def test_where_nothing_is_taken_it_waits_longer_each_time(pauses):
    room = Room(Limits(in_flight=4, patience=60))
    for _ in range(3):
        room.refused(FULL, 0)
    assert room.size == 1
    assert pauses == [0.25, 0.5, 1.0]
    room.answered()
    room.refused(FULL, 0)
    assert pauses[-1] == 0.25


def test_a_queue_that_stays_full_ends_the_patience(pauses):
    room = Room(Limits(patience=2))
    for _ in range(3):
        room.refused(FULL, 0)
    with pytest.raises(QueueFull, match="no room"):
        room.refused(FULL, 0)
    assert sum(pauses) <= 2
    with pytest.raises(QueueFull):
        Room(Limits(patience=0)).refused(FULL, 0)
