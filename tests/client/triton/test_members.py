"""The least busy of the servers that are well takes a request."""

import pytest
from scripted_servers import Servers

from amphitrite.errors import ModelNotReady, QueueFull, ServerUnreachable
from amphitrite.triton.members import FIRST_PAUSE, LONGEST_PAUSE, Members, State

GONE = ServerUnreachable("gone")


@pytest.fixture
def members():
    members = Members(Servers())
    members.replace({"a:1": "", "b:2": ""})
    for member in members.of():
        members.bring_back(member)
    return members


def test_a_new_server_takes_nothing():
    members = Members(Servers())
    new, left = members.replace({"a:1": "name"})
    assert [member.url for member in new] == ["a:1"]
    assert new[0].connection.name == "name"
    assert left == []
    assert members.take() is None
    assert members.bring_back(new[0])
    assert not members.bring_back(new[0])
    assert members.take().member is new[0]


def test_turns_go_round_and_then_to_the_least_busy(members):
    first, second, third = (members.take() for _ in range(3))
    assert [t.member.url for t in (first, second, third)] == ["a:1", "b:2", "a:1"]
    members.give_back(first)
    members.give_back(third)
    assert members.take().member.url == "a:1"


def test_a_failure_rests_longer_each_time_until_an_answer(members):
    member = members.of()[0]
    pauses = []
    for _ in range(8):
        turn = next(t for t in iter(members.take, None) if t.member is member)
        pauses.append(members.failed(turn, GONE))
        assert member.state is State.RESTING
        assert members.failed(turn, GONE) is None  # it rests already
        members.bring_back(member)
    assert pauses[0] == (FIRST_PAUSE, True)
    assert pauses[1] == (2 * FIRST_PAUSE, False)  # it was reported
    assert pauses[-1] == (LONGEST_PAUSE, False)
    turn = next(t for t in iter(members.take, None) if t.member is member)
    members.answered(turn)
    assert members.failed(turn, GONE) == (FIRST_PAUSE, True)


def test_a_failure_from_before_its_return_does_not_count(members):
    turn = members.take()
    assert members.failed(turn, GONE)
    members.bring_back(turn.member)
    assert members.failed(turn, GONE) is None
    assert turn.member.state is State.WELL


def test_a_full_queue_lets_a_server_be_for_a_while(members, monkeypatch):
    from types import SimpleNamespace

    from amphitrite.triton import members as module

    clock = SimpleNamespace(now=100.0)
    monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: clock.now))
    turn = members.take()
    assert members.failed(turn, QueueFull("full")) is None
    assert turn.member.state is State.WELL
    assert {members.take().member.url for _ in range(4)} == {"b:2"}
    clock.now += FIRST_PAUSE
    assert members.take().member is turn.member


def test_setting_aside_is_news_once(members):
    member = members.of()[0]
    assert members.set_aside(member, State.OTHER, GONE)
    assert not members.set_aside(member, State.OTHER, GONE)
    assert members.set_aside(member, State.OTHER, ModelNotReady("other"))
    assert members.of(State.OTHER) == [member]
    assert members.of(State.OTHER, State.WELL) == members.of()


def test_the_last_that_is_well_leaves_after_another_has_come(members):
    (new,), left = members.replace({"c:3": ""})
    assert left == []
    assert {members.take().member.url for _ in range(4)} == {"a:1", "b:2"}
    members.bring_back(new)
    _, left = members.replace({"c:3": ""})
    assert [member.url for member in left] == ["a:1", "b:2"]
    assert all(member.gone for member in left)
    assert members.clear() == [new]
    assert members.take() is None


def test_a_server_that_cannot_be_joined_changes_nothing(members):
    def refuse(url, name):
        raise OSError("no certificate")

    before = members.of()
    members._join = refuse
    with pytest.raises(OSError, match="no certificate"):
        members.replace({"b:2": "", "c:3": ""})
    assert members.of() == before
    assert not any(member.gone for member in before)


def test_what_was_found_before_a_return_sets_nothing_aside(members):
    member = members.of()[0]
    returns = member.returns
    members.set_aside(member, State.RESTING, GONE)
    members.bring_back(member)
    assert not members.set_aside(member, State.RESTING, GONE, returns)
    assert member.state is State.WELL
    assert members.set_aside(member, State.RESTING, GONE, member.returns)


def test_whoever_leaves_is_closed_after_its_last_request(members):
    turn, other = members.take(), members.take()
    _, (left,) = members.replace({"b:2": ""})
    assert left is turn.member
    assert members.give_back(turn)
    assert not members.give_back(other)
