"""Only a model that answers is ready."""

import json

import pytest

from amphitrite.triton.status import NOT_LOADED, NOT_READY, READY, ModelStatus


@pytest.mark.parametrize(
    ("state", "ready"), [(READY, True), (NOT_READY, False), (NOT_LOADED, False)]
)
def test_a_status_is_json_and_says_whether_the_model_answers(state, ready):
    status = ModelStatus("toy", "3", state, reason="why", digest="sha256:1")
    assert status.ready is ready
    assert json.loads(json.dumps(status.as_dict())) == {
        "name": "toy",
        "version": "3",
        "state": state,
        "reason": "why",
        "digest": "sha256:1",
        "identity": "",
        "ready": ready,
    }


def test_among_several_servers_its_own_is_named():
    status = ModelStatus("toy", "3", READY, server="b:2")
    assert status.as_dict()["server"] == "b:2"
