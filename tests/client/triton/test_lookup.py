"""A name stands for the addresses that the system knows of it."""

import socket

import pytest

from amphitrite.errors import ServerUnreachable
from amphitrite.triton.lookup import look_up


def found(*hosts):
    """Return what the system's look-up gives for some hosts."""

    def getaddrinfo(name, port, type):
        assert (name, type) == ("tritons", socket.SOCK_STREAM)
        return [(socket.AF_INET, type, 6, "", (host, port)) for host in hosts]

    return getaddrinfo


def test_all_addresses_are_given_once_and_in_order(monkeypatch):
    many = found("10.0.0.2", "10.0.0.1", "2001:db8::1", "10.0.0.2")
    monkeypatch.setattr(socket, "getaddrinfo", many)
    assert look_up("tritons", 8001) == (
        "10.0.0.1:8001",
        "10.0.0.2:8001",
        "[2001:db8::1]:8001",
    )


def test_this_machine_is_found():
    assert "127.0.0.1:9" in look_up("localhost", 9)


@pytest.mark.parametrize("name", ["no-such-host.invalid", "a" * 64])
def test_a_name_that_is_not_known_is_named(name):
    with pytest.raises(ServerUnreachable, match=f"the name '{name}' is not known"):
        look_up(name, 8001)
