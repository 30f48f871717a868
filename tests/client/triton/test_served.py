"""A served model is asked through its connection, and may not change."""

from concurrent.futures import Future
from dataclasses import replace

import numpy as np
import pytest

from amphitrite.errors import ServerUnreachable, SpecMismatch
from amphitrite.triton.served import ServedModel
from amphitrite.triton.spec import ModelSpec, TensorSpec

X, Y, Z = (TensorSpec(name, "float32", (3,), ("feature",)) for name in "xyz")
SPEC = ModelSpec("toy", (X,), (Y, Z), digest="sha256:1")
TENSORS = {"x": np.ones((2, 3), np.float32)}


class Server:
    """Answers every output with its name's tensor, and serves what it is told."""

    url = "here:8001"

    def __init__(self):
        self.now = ServedModel(self, SPEC, 3, 8, True)
        self.asked = []

    def model(self, expected):
        if isinstance(self.now, Exception):
            raise self.now
        return self.now

    def send(self, model, tensors, outputs):
        self.asked.append((model, tensors, list(outputs)))
        answer = Future()
        answer.set_result({name: tensors["x"] + ord(name) for name in outputs})
        return answer


@pytest.fixture
def server():
    return Server()


def test_all_outputs_are_asked_unless_some_are_named(server):
    model = server.now
    assert set(model.infer(TENSORS)) == {"y", "z"}
    np.testing.assert_array_equal(model.infer(TENSORS, ["z"])["z"], TENSORS["x"] + 122)
    assert [names for _, _, names in server.asked] == [["y", "z"], ["z"]]
    assert all(asked is model for asked, _, _ in server.asked)


def test_submit_does_not_wait(server):
    future = server.now.submit(TENSORS, ["y"])
    assert isinstance(future, Future)
    assert list(future.result()) == ["y"]


def test_the_same_model_is_unchanged_whatever_its_longest_batch(server):
    model = server.now
    server.now = replace(model, max_batch=1)
    model.check_unchanged()


@pytest.mark.parametrize(
    "change",
    [
        {"version": 4},
        {"verified": False},
        {"spec": replace(SPEC, digest="sha256:2")},
        {"spec": replace(SPEC, learned={"threshold": 0.2})},
    ],
)
def test_another_model_is_refused_with_both_states(server, change):
    model = server.now
    server.now = replace(model, **change)
    with pytest.raises(SpecMismatch, match="here:8001 now serves 'toy'") as caught:
        model.check_unchanged()
    assert str(caught.value).count("version") == 2
    assert model.state in str(caught.value)
    assert f"weights {SPEC.digest}" in model.state
    assert server.now.state in str(caught.value)


def test_a_server_that_is_gone_is_told_as_that(server):
    model, server.now = server.now, ServerUnreachable("gone")
    with pytest.raises(ServerUnreachable, match="gone"):
        model.check_unchanged()
