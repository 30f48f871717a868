"""One server gets a plain connection, several a fleet."""

import pytest

from amphitrite.errors import BadInput
from amphitrite.triton.connecting import connection
from amphitrite.triton.connection import Connection
from amphitrite.triton.fleet import Fleet


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("127.0.0.1:9", Connection),
        ("127.0.0.1:9,127.0.0.1:9", Connection),
        ("unix:/no/such,socket", Connection),
        ("dns://10.0.0.53/tritons:9", Connection),
        ("127.0.0.1:9,127.0.0.1:10", Fleet),
        ("ipv4:127.0.0.1:9,127.0.0.2:9", Fleet),
        ("dns:///localhost:9", Fleet),
    ],
)
def test_the_address_says_which(text, kind):
    with connection(text, deadline=7) as server:
        assert type(server) is kind
        assert server.deadline == 7
        if kind is Fleet:
            assert server.url == text


@pytest.mark.parametrize("text", ["", "a:1,", ",a:1", "a:1,b", "a:1, b:2", "a:1,b:x"])
def test_one_wrong_address_among_several_is_refused(text):
    with pytest.raises(BadInput, match="is no server address"):
        connection(text)


def test_a_deadline_that_is_none_is_refused_for_several_too():
    with pytest.raises(BadInput, match="deadline"):
        connection("a:1,b:2", deadline=0)
