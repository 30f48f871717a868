"""What one server of a fleet fails, another answers at once."""

import threading
import time

import numpy as np
import pytest
from scripted_servers import INPUTS, SPEC, Servers

from amphitrite import errors
from amphitrite.triton import attendance, members
from amphitrite.triton import fleet as module
from amphitrite.triton.fleet import Fleet

GONE = errors.ServerUnreachable("gone")
FULL = errors.QueueFull("full")
URLS = ("a:1", "b:2", "c:3")


@pytest.fixture(autouse=True)
def soon(monkeypatch):
    """Shorten the pauses."""
    monkeypatch.setattr(members, "LONGEST_PAUSE", 0.05)
    monkeypatch.setattr(attendance, "LONGEST_PAUSE", 0.05)
    monkeypatch.setattr(members, "FIRST_PAUSE", 0.02)
    monkeypatch.setattr(members.Member, "pause", 0.02)
    monkeypatch.setattr(module, "LOOK_UP_SECONDS", 0.05)


@pytest.fixture
def servers():
    return Servers()


@pytest.fixture
def make(servers):
    made = []

    def make(url="a:1,b:2,c:3", **options):
        made.append(Fleet(url, servers, **options))
        return made[-1]

    yield make
    for fleet in made:
        fleet.close()
    assert all(server.closed for server in servers.values())


def until(condition):
    end = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end, "what was waited for never came"
        time.sleep(0.005)


def ask(model, n=1):
    """Send requests at the same time; return who answered each."""
    return [
        future.result(20)["y"] for future in [model.submit(INPUTS) for _ in range(n)]
    ]


def test_the_least_busy_server_is_chosen(make, servers):
    model = make().model(SPEC)
    assert model.server.url == "a:1,b:2,c:3"
    assert sorted(ask(model, 3)) == list(URLS)
    servers["a:1"].holding = True
    held = [model.submit(INPUTS) for _ in range(12)]
    assert servers["a:1"].sent == 2  # one of the first three, and one that is held
    servers["a:1"].let_go()
    assert {future.result()["y"] for future in held} == set(URLS)


@pytest.mark.parametrize(
    "failure",
    [
        GONE,
        FULL,
        errors.ModelNotReady("unknown model"),
        errors.InferenceTimeout("late"),
    ],
)
def test_what_may_pass_is_asked_of_another_server(make, servers, failure):
    model = make().model(SPEC)
    servers["a:1"].failing_requests = failure
    assert set(ask(model, 30)) == {"b:2", "c:3"}
    assert servers["a:1"].sent < 6


def test_what_cannot_pass_reaches_the_caller(make, servers):
    model = make().model(SPEC)
    for server in servers.values():
        server.failing_requests = errors.InferenceFailed("a shape")
    with pytest.raises(errors.InferenceFailed, match="a shape"):
        ask(model)
    assert sum(server.sent for server in servers.values()) == 1


def test_inputs_that_cannot_be_sent_are_refused_at_once(make, servers):
    model = make().model(SPEC)
    for _ in range(5):
        with pytest.raises(errors.BadInput):
            model.submit({"x": np.full((1, 4), np.nan, np.float32)})
    assert len(set(ask(model, 3))) == 3  # none of them counts as busy


def test_a_server_comes_back_once_its_model_is_checked(make, servers, caplog):
    model = make().model(SPEC)
    servers["a:1"].failure = GONE
    ask(model, 6)
    assert caplog.text.count("gone") == 1
    servers["a:1"].failure = None
    until(lambda: "a:1" in ask(model, 3))


def test_with_other_weights_it_stays_out_and_is_said_once(make, servers, caplog):
    model = make().model(SPEC)
    servers["a:1"].failure = GONE
    ask(model, 6)
    servers["a:1"].digest = "sha256:other"
    sent, asked = servers["a:1"].sent, servers["a:1"].asked
    servers["a:1"].failure = None
    until(lambda: servers["a:1"].asked > asked + 3)
    assert "a:1" not in ask(model, 9)
    assert servers["a:1"].sent == sent
    assert caplog.text.count("The server at a:1 is left out") == 1
    servers["a:1"].digest = "sha256:same"  # the update was taken back
    until(lambda: "a:1" in ask(model, 3))
    model.check_unchanged()


def test_only_without_any_server_a_request_fails(make, servers):
    model = make().model(SPEC)
    for server in servers.values():
        server.failure = GONE
    with pytest.raises(errors.ServerUnreachable, match=r"none of the 3 servers.*gone"):
        ask(model)
    with pytest.raises(errors.ServerUnreachable, match="gone"):
        model.check_unchanged()
    servers["b:2"].failure = None
    model.check_unchanged()
    assert ask(model) == ["b:2"]


def test_all_queues_full_is_no_lost_server(make, servers):
    model = make().model(SPEC)
    for server in servers.values():
        server.failing_requests = FULL
    with pytest.raises(errors.QueueFull, match="full"):
        ask(model)
    for server in servers.values():
        server.failing_requests = None
    until(lambda: not model.submit(INPUTS).exception())


def test_a_request_that_fails_everywhere_is_not_sent_round_for_ever(make, servers):
    model = make().model(SPEC)
    for server in servers.values():
        # the checks say that all is well, as where the model's process has died
        server.failing_requests = errors.ModelNotReady("its process has died")
    with pytest.raises(errors.ModelNotReady, match="has died"):
        ask(model)
    assert 3 <= sum(server.sent for server in servers.values()) <= 6


def test_if_all_have_other_weights_the_run_ends(make, servers):
    model = make().model(SPEC)
    for server in servers.values():
        server.failure = GONE
    with pytest.raises(errors.ServerUnreachable):
        ask(model)
    for server in servers.values():
        server.failure, server.digest = None, "sha256:other"
    with pytest.raises(errors.SpecMismatch, match="sha256:other"):
        model.check_unchanged()


def test_a_change_without_a_break_spoils_the_run(make, servers):
    model = make().model(SPEC)
    servers["b:2"].digest = "sha256:other"
    with pytest.raises(errors.AnswersMixed, match=r"b:2 serves.*sha256:other"):
        model.check_unchanged()


def test_the_status_names_the_server(make, servers):
    fleet = make("a:1,b:2")
    servers["b:2"].failure = GONE
    ready, gone = fleet.status()
    assert (ready.server, ready.name, ready.ready) == ("a:1", "toy", True)
    assert (gone.server, gone.ready, gone.reason) == ("b:2", False, "gone")


def test_servers_come_and_go_with_their_name(make, servers):
    found = {"10.0.0.1:9", "10.0.0.2:9"}
    fleet = make("dns:///tritons:9", look_up=lambda name, port: set(found))
    model = fleet.model(SPEC)
    assert {server.name for server in servers.values()} == {"tritons"}
    assert set(ask(model, 4)) == found
    servers["10.0.0.1:9"].holding = True
    held = model.submit(INPUTS), model.submit(INPUTS)
    found.remove("10.0.0.1:9")
    found.add("10.0.0.3:9")
    until(lambda: "10.0.0.3:9" in ask(model, 4))
    sent = servers["10.0.0.1:9"].sent
    assert set(ask(model, 8)) == found
    assert servers["10.0.0.1:9"].sent == sent
    assert not servers["10.0.0.1:9"].closed  # it has a request still
    servers["10.0.0.1:9"].let_go()
    assert "10.0.0.1:9" in {future.result(20)["y"] for future in held}
    until(lambda: servers["10.0.0.1:9"].closed)


def test_a_name_without_servers_is_waited_for(make):
    found: set[str] = set()
    fleet = make("dns:///tritons:9", look_up=lambda name, port: set(found))
    with pytest.raises(errors.ServerUnreachable, match="'tritons' has no address"):
        fleet.model(SPEC)
    with pytest.raises(errors.ServerUnreachable, match="'tritons' has no address"):
        fleet.status()
    found.add("10.0.0.1:9")
    assert ask(fleet.model(SPEC)) == ["10.0.0.1:9"]


def test_while_a_name_is_not_found_its_servers_go_on(make):
    known = ["10.0.0.1:9"]

    def look_up(name, port):
        if not known:
            raise errors.ServerUnreachable("no name server")
        return known

    model = make("dns:///tritons:9", look_up=look_up).model(SPEC)
    known.clear()
    time.sleep(0.2)
    assert ask(model) == ["10.0.0.1:9"]


def test_closing_does_not_wait_for_a_name_server(make):
    asked, answers = threading.Event(), threading.Event()
    first = ["10.0.0.1:9"]

    def look_up(name, port):
        if first:
            return [first.pop()]
        asked.set()
        assert answers.wait(20)
        return ["10.0.0.1:9"]

    fleet = make("dns:///tritons:9", look_up=look_up)
    assert asked.wait(20)
    closing = threading.Thread(target=fleet.close)
    closing.start()
    closing.join(10)
    try:
        assert not closing.is_alive()
    finally:
        answers.set()
        closing.join()


def test_a_server_that_cannot_be_joined_now_is_joined_later(caplog):
    found, refused = {"10.0.0.1:9"}, []

    class Unreadable(Servers):
        def __call__(self, url, name):
            if self and len(refused) < 2:
                refused.append(url)
                raise FileNotFoundError("ca.pem is just replaced")
            return super().__call__(url, name)

    with Fleet(
        "dns:///tritons:9", Unreadable(), look_up=lambda name, port: set(found)
    ) as fleet:
        model = fleet.model(SPEC)
        found.add("10.0.0.2:9")
        until(lambda: "10.0.0.2:9" in ask(model, 2))
    assert refused == ["10.0.0.2:9", "10.0.0.2:9"]
    assert "stay as they are for now: ca.pem is just replaced" in caplog.text


def test_no_error_leaves_a_caller_waiting(make, servers, monkeypatch):
    fleet = make()
    model = fleet.model(SPEC)

    def failed(*arguments):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(fleet._attendance, "failed", failed)
    servers["a:1"].failing_requests = GONE
    with pytest.raises(RuntimeError, match="new thread"):
        ask(model, 3)


def test_requests_from_many_failures_at_once_are_each_answered_once(make, servers):
    model = make().model(SPEC)
    ended = threading.Event()

    def disturb():
        rng = np.random.default_rng(1)
        while not ended.is_set():
            server = servers[URLS[rng.integers(2)]]  # the third is always well
            server.failure = GONE
            time.sleep(0.01)
            server.failure = None

    disturbing = threading.Thread(target=disturb)
    disturbing.start()
    try:
        for _ in range(150):
            assert len(ask(model, 16)) == 16
    finally:
        ended.set()
        disturbing.join()
