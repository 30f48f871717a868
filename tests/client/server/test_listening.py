"""Where a server listens."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from amphitrite.errors import BadInput
from amphitrite.server.listening import PRIVATE, Network, resolve

FOLDER = Path("/tmp/amphitrite-triton-x1")


def test_a_private_server_has_sockets_in_its_folder() -> None:
    addresses = PRIVATE.addresses(FOLDER)
    assert addresses.grpc == f"unix:{FOLDER}/grpc:1"
    assert addresses.http == f"unix:{FOLDER}/http"
    assert addresses.metrics == f"unix:{FOLDER}/metrics"
    assert f"--http-address=unix:{FOLDER}/http" in addresses.options
    assert PRIVATE.is_private


def test_another_has_ports() -> None:
    addresses = Network().addresses(FOLDER)
    (port,) = (p for p in addresses.options if p.startswith("--grpc-port="))
    assert addresses.grpc == f"127.0.0.1:{port.partition('=')[2]}"
    assert "--grpc-address=127.0.0.1" in addresses.options
    assert addresses.http.startswith("http://127.0.0.1:")
    assert not Network().is_private


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("127.0.0.1", "127.0.0.1"),
        ("localhost", "127.0.0.1"),
        (" 127.0.0.1 ", "127.0.0.1"),
        ("::1", "::1"),
        ("[::1]", "::1"),
        ("::", "::"),
        ("0.0.0.0", "0.0.0.0"),
        ("0", "0.0.0.0"),
    ],
)
def test_gives_the_number_of_an_address(written: str, number: str) -> None:
    assert resolve(written) == number


def test_prefers_the_older_kind_of_a_name(monkeypatch: pytest.MonkeyPatch) -> None:
    both = [
        (socket.AF_INET6, socket.SOCK_STREAM, 6, "", ("::1", 0, 0, 0)),
        (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.5", 0)),
    ]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: list(both))
    assert resolve("both") == "127.0.0.5"
    both.pop()
    assert resolve("new") == "::1"


@pytest.mark.parametrize(
    "address",
    [
        *("", " ", ".", "no-such-host.invalid", "two words", "127.0.0.1:8001"),
        *("300.0.0.1", "http://localhost", "[::1", "a" * 300, "a\0b", "[]", "é..ü"),
    ],
)
def test_refuses_what_is_no_address(address: str) -> None:
    with pytest.raises(BadInput, match="is no address to listen on") as caught:
        Network(address)
    assert caught.value.exit_code == 2
    assert "127.0.0.1" in str(caught.value)


def test_refuses_an_address_of_one_link(monkeypatch: pytest.MonkeyPatch) -> None:
    link = (socket.AF_INET6, socket.SOCK_STREAM, 6, "", ("fe80::1%eth0", 0, 0, 2))
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [link])
    with pytest.raises(BadInput, match="of one link only"):
        resolve("fe80::1%eth0")


@pytest.mark.parametrize(
    ("address", "loopback"),
    [("127.0.0.1", True), ("127.8.0.1", True), ("::1", True), ("0.0.0.0", False)],
)
def test_tells_who_reaches_it(address: str, loopback: bool) -> None:
    assert Network(address).is_loopback is loopback


@pytest.mark.parametrize(("every", "own"), [("0.0.0.0", "127.0.0.1"), ("::", "[::1]")])
def test_all_addresses_are_reached_by_one(every: str, own: str) -> None:
    try:
        addresses = Network(every).addresses(FOLDER)
    except Exception:
        pytest.skip("this machine has no IPv6")
    assert addresses.grpc.startswith(f"{own}:")
    assert addresses.http.startswith(f"http://{own}:")
