"""A list of servers stands for addresses, some of which may change."""

import pytest

from amphitrite.errors import BadInput, ServerUnreachable
from amphitrite.triton.names import Names


def nobody(name, port):
    raise AssertionError("nothing was to be looked up")


def test_addresses_stand_for_themselves():
    names = Names("a:1,b:2,a:1", nobody)
    assert not names.change
    assert names.addresses() == {"a:1": "", "b:2": ""}


def test_a_name_stands_for_what_is_found():
    def look_up(name, port):
        return [f"10.0.0.{number}:{port}" for number in (1, 2)]

    names = Names("a:1,dns:///tritons:9", look_up)
    assert names.change
    assert names.addresses() == {
        "a:1": "",
        "10.0.0.1:9": "tritons",
        "10.0.0.2:9": "tritons",
    }


def test_what_was_found_is_kept_while_a_name_is_not_known():
    answers = iter([["x:1"], ServerUnreachable("no name server"), [], ["y:1"]])

    def look_up(name, port):
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    names = Names("dns:///tritons:1", look_up)
    assert [list(names.addresses()) for _ in range(4)] == [["x:1"]] * 3 + [["y:1"]]


def test_why_there_is_no_address_is_said():
    names = Names("dns:///tritons:1", lambda name, port: [])
    assert names.addresses() == {}
    assert "'tritons' has no address at present" in str(names.failure())


def test_a_name_server_of_the_user_s_is_left_to_grpc():
    text = "dns://10.0.0.53/tritons:1"
    assert Names(f"{text},a:1", nobody).addresses() == {text: "", "a:1": ""}


def test_what_is_no_address_is_refused():
    with pytest.raises(BadInput, match="port is missing"):
        Names("a:1,b", nobody)
