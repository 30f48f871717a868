"""Which servers serve the run's models is found out together, and anew."""

import threading

import pytest
from scripted_servers import SPEC, Scripted, Servers

from amphitrite import errors
from amphitrite.triton.attendance import Attendance, each
from amphitrite.triton.members import Members, State

SECOND = SPEC.__class__("second", SPEC.inputs, SPEC.outputs)
GONE = errors.ServerUnreachable("gone")


@pytest.fixture
def servers():
    return Servers()


@pytest.fixture
def members(servers):
    members = Members(servers)
    members.replace({"a:1": "", "b:2": "", "c:3": ""})
    return members


@pytest.fixture
def attendance(members):
    ended = threading.Event()
    yield Attendance(Scripted("all"), members, ended)
    ended.set()


def urls(members, *states):
    return [member.url for member in members.of(*states)]


def test_most_servers_decide_what_the_run_is(attendance, members, servers, caplog):
    servers["a:1"].digest = "sha256:other"
    servers["c:3"].failure = None
    attendance.meet(SPEC)
    assert attendance.models["toy"].spec.digest == "sha256:same"
    assert urls(members, State.WELL) == ["b:2", "c:3"]
    assert urls(members, State.OTHER) == ["a:1"]
    assert "sha256:other" in caplog.text
    assert "The server at a:1 is left out" in caplog.text


def test_a_server_that_does_not_answer_is_begun_without(
    attendance, members, servers, caplog
):
    servers["b:2"].failure = GONE
    attendance.meet(SPEC)
    assert urls(members, State.WELL) == ["a:1", "c:3"]
    assert urls(members, State.RESTING) == ["b:2"]
    assert "gone\nThe run begins without it." in caplog.text


@pytest.mark.parametrize(
    "failure",
    [GONE, errors.SpecMismatch("contract"), errors.ServerError("key")],
)
def test_if_none_serves_it_is_said_why(attendance, servers, failure):
    for server in servers.values():
        server.failure = failure
    with pytest.raises(type(failure), match=f"none of the 3 servers.*{failure}"):
        attendance.meet(SPEC)
    assert attendance.models == {}


def test_what_may_pass_is_worth_waiting_for(attendance, servers):
    servers["a:1"].failure = GONE
    servers["b:2"].failure = servers["c:3"].failure = errors.SpecMismatch("other")
    with pytest.raises(errors.ServerUnreachable, match="gone"):
        attendance.meet(SPEC)


def test_a_second_model_is_asked_of_those_that_serve_the_first(
    attendance, members, servers
):
    servers["a:1"].failure = GONE
    attendance.meet(SPEC)
    servers["a:1"].failure = None
    asked = servers["a:1"].asked
    attendance.meet(SECOND)
    assert servers["a:1"].asked == asked
    assert sorted(attendance.models) == ["second", "toy"]
    assert "a:1" not in urls(members, State.WELL)


def test_a_change_of_a_server_that_is_well_mixes_the_answers(attendance, servers):
    attendance.meet(SPEC)
    run = attendance.models["toy"]
    attendance.confirm(run)
    servers["c:3"].digest = "sha256:other"
    with pytest.raises(errors.AnswersMixed, match=r"c:3 .*Start the run anew"):
        attendance.confirm(run)


def test_confirming_takes_back_whoever_is_well_again(attendance, members, servers):
    attendance.meet(SPEC)
    run = attendance.models["toy"]
    for server in servers.values():
        server.failure = GONE
    with pytest.raises(errors.ServerUnreachable):
        attendance.confirm(run)
    assert urls(members, State.WELL) == []
    servers["b:2"].failure = None
    attendance.confirm(run)
    assert urls(members, State.WELL) == ["b:2"]


def test_a_late_failure_does_not_set_aside_whoever_is_back(
    attendance, members, servers
):
    attendance.meet(SPEC)
    for member in members.of():
        members.set_aside(member, State.RESTING, GONE)
        servers[member.url].failure = GONE
    first = members.of()[0]

    def slow(expected):
        members.bring_back(first)  # another look at it was faster
        raise GONE

    servers["a:1"].model = slow
    attendance.confirm(attendance.models["toy"])
    assert urls(members, State.WELL) == ["a:1"]
    assert urls(members, State.RESTING) == ["b:2", "c:3"]


def test_a_server_that_leaves_while_it_is_asked_is_no_mistake(
    attendance, members, servers
):
    attendance.meet(SPEC)

    def leaving(expected):
        members.replace({"a:1": "", "c:3": ""})
        raise ValueError("Cannot invoke RPC on closed channel!")

    servers["b:2"].model = leaving
    attendance.confirm(attendance.models["toy"])
    assert urls(members, State.WELL) == ["a:1", "c:3"]


def test_all_are_asked_and_failures_are_answers(members, servers):
    def ask(member):
        if member.url == "b:2":
            raise GONE
        return member.url

    assert each(members.of(), ask) == ["a:1", GONE, "c:3"]
    assert each([], ask) == []


def test_a_mistake_while_asking_is_no_answer(members):
    def ask(member):
        raise ValueError("a defect")

    with pytest.raises(ValueError, match="a defect"):
        each(members.of(), ask)
