"""Addresses are what gRPC takes for them, or are refused with what to write."""

from __future__ import annotations

import pytest

from amphitrite.errors import BadInput
from amphitrite.triton.addresses import parse, parse_list

IPV6 = "2001:db8:0:0:0:0:0:1"


@pytest.mark.parametrize(
    ("text", "hosts"),
    [
        ("localhost:8001", [("localhost", 8001)]),
        ("triton_1.example.org.:1", [("triton_1.example.org.", 1)]),
        ("127.0.0.1:65535", [("127.0.0.1", 65535)]),
        ("[::1]:8001", [("::1", 8001)]),
        ("[fe80::1%eth0]:8001", [("fe80::1%eth0", 8001)]),
        ("dns:///tritons.space.svc:8001", [("tritons.space.svc", 8001)]),
        ("dns:tritons:8001", [("tritons", 8001)]),
        ("ipv4:10.0.0.1:8001", [("10.0.0.1", 8001)]),
        ("ipv4:10.0.0.1:1,10.0.0.2:2", [("10.0.0.1", 1), ("10.0.0.2", 2)]),
        ("ipv6:[::1]:8001", [("::1", 8001)]),
    ],
)
def test_hosts_and_ports_are_read(text: str, hosts: list[tuple[str, int]]):
    assert parse(text).hosts == tuple(hosts)
    assert parse(text).text == text


def test_sockets_and_nameservers_are_read():
    assert parse("unix:/run/grpc:8001").socket == "/run/grpc:8001"
    assert parse("unix:///run/grpc").socket == "/run/grpc"
    assert parse("unix-abstract:name").socket == "\0name"
    assert parse("dns://10.0.0.53/tritons:8001").nameserver == "10.0.0.53"


@pytest.mark.parametrize(
    ("text", "why", "write"),
    [
        ("::1", "in brackets", "[::1]:8001"),
        ("fe80::1", "in brackets", "[fe80::1]:8001"),
        ("::1:8001", "in brackets", "[::1]:8001"),
        (IPV6, "in brackets", f"[{IPV6}]:8001"),
        (f"{IPV6}:8501", "in brackets", f"[{IPV6}]:8501"),
        ("[::1]", "port is missing", "[::1]:8001"),
        ("[::1]8001", "port is missing", "[::1]:8001"),
        ("[::1", "no IPv6 address", "[::1]:8001"),
        ("[localhost]:8001", "no IPv6 address", "[::1]:8001"),
        ("a:1:b", "more than one colon", "HOST:PORT"),
        ("a:1,b:2", "several servers", "HOST:PORT"),
        ("http://host:8000", "a URL", "host:8001"),
        ("http://host", "a URL", "host:8001"),
        ("https://host:8443/v2", "TLS", "host:8443"),
        ("grpc://[::1]:8001", "a URL", "[::1]:8001"),
        ("http://", "not known", "HOST:PORT"),
        ("http://[::1", "not known", "HOST:PORT"),
        ("xds:///service", "not known", "HOST:PORT"),
        ("host", "port is missing", "host:8001"),
        ("host:", "no port", "host:8001"),
        (":8001", "host is missing", "localhost:8001"),
        ("host:0", "no port", "host:8001"),
        ("host:99999", "no port", "host:8001"),
        ("host:" + 5000 * "9", "no port", "host:8001"),
        ("host:-1", "no port", "host:8001"),
        ("host:\u0668\u0660\u0660\u0661", "no port", "host:8001"),
        ("host:grpc", "no port", "host:8001"),
        ("host:8001/v2", "more than a host and a port", "host:8001"),
        ("me@host:8001", "more than a host and a port", "host:8001"),
        ("münchen.de:8001", "ASCII", "xn--mnchen-3ya.de:8001"),
        ("300.0.0.1:8001", "no IPv4 address", "127.0.0.1:8001"),
        ("127.1:8001", "no IPv4 address", "127.0.0.1:8001"),
        ("-h:8001", "no name of a host", "HOST:PORT"),
        ("a..b:8001", "no name of a host", "HOST:PORT"),
        (64 * "a" + ":8001", "no name of a host", "HOST:PORT"),
        ("", "empty", "HOST:PORT"),
        (" \n", "empty", "HOST:PORT"),
        (" host:8001", "a blank", "host:8001"),
        ("host:8001\n", "a blank", "host:8001"),
        ("host\x1b:8001", "cannot be shown", "HOST:PORT"),
        ("host\x00:8001", "cannot be shown", "HOST:PORT"),
        ("dns:///name", "port is missing", "dns:///name:8001"),
        ("dns://name:8001", "three slashes", "dns:///name:8001"),
        ("dns:///::1", "in brackets", "dns:///[::1]:8001"),
        ("ipv4:10.0.0.1", "port is missing", "ipv4:10.0.0.1:8001"),
        ("ipv4:localhost:8001", "no such address", "ipv4:127.0.0.1:8001"),
        ("ipv6:10.0.0.1:8001", "no such address", "ipv6:[::1]:8001"),
        ("unix:", "path is missing", "unix:/folder/socket"),
        ("unix:/" + 107 * "s", "107 bytes", "a shorter one"),
    ],
)
def test_what_is_no_address_is_refused_with_what_to_write(
    text: str, why: str, write: str
):
    with pytest.raises(BadInput) as refused:
        parse(text)
    message = str(refused.value)
    assert why in message
    assert f"; write {write}" in message
    assert message.isprintable()
    assert len(message) < 400


@pytest.mark.parametrize(
    ("text", "addresses"),
    [
        ("a:1", ["a:1"]),
        ("a:1,b:2", ["a:1", "b:2"]),
        ("a:1,a:1", ["a:1"]),
        ("[::1]:1,dns:///b:2", ["[::1]:1", "dns:///b:2"]),
        ("ipv4:10.0.0.1:1,10.0.0.2:2", ["ipv4:10.0.0.1:1", "ipv4:10.0.0.2:2"]),
        ("ipv4:10.0.0.1:1,ipv4:10.0.0.2:2", ["ipv4:10.0.0.1:1", "ipv4:10.0.0.2:2"]),
        ("unix:/run/a,b", ["unix:/run/a,b"]),
    ],
)
def test_a_list_has_each_address_once(text: str, addresses: list[str]):
    assert [address.text for address in parse_list(text)] == addresses


@pytest.mark.parametrize(
    ("text", "why", "which"),
    [
        ("a:1,b", "'b' is no server address: its port is missing", "server 2 of the 2"),
        ("a:1,", "'' is no server address: it is empty", "server 2 of the 2"),
        ("a:1, b:2", "it has a blank; write b:2", "server 2 of the 2"),
        ("a:1,b:2,http://c", "it is a URL", "server 3 of the 3"),
    ],
)
def test_the_wrong_address_of_a_list_is_named(text: str, why: str, which: str):
    with pytest.raises(BadInput) as refused:
        parse_list(text)
    assert why in str(refused.value)
    (note,) = refused.value.__notes__
    assert which in note


@pytest.mark.parametrize(
    ("text", "many"),
    [
        ("dns:///tritons:1", True),
        ("dns:tritons:1", True),
        ("dns://10.0.0.53/tritons:1", False),
        ("tritons:1", False),
        ("unix:/dns:", False),
    ],
)
def test_a_name_may_stand_for_many(text: str, many: bool):
    assert parse(text).stands_for_many is many
