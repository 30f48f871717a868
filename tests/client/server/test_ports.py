"""Choosing ports for a server."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from amphitrite.errors import ProvisioningError
from amphitrite.server.ports import PortTaken, choose_ports

LOOPBACK = "127.0.0.1"


@pytest.fixture
def taken() -> Iterator[int]:
    """A port on which somebody listens."""
    with socket.socket() as listener:
        listener.bind((LOOPBACK, 0))
        listener.listen()
        yield int(listener.getsockname()[1])


def test_chooses_three_different_ports_that_are_free() -> None:
    ports = choose_ports(address=LOOPBACK)
    numbers = {ports.grpc, ports.http, ports.metrics}
    assert len(numbers) == 3
    for number in numbers:
        with socket.socket() as listener:
            listener.bind((LOOPBACK, number))


def test_takes_the_ports_asked_for() -> None:
    free = choose_ports(address=LOOPBACK)
    ports = choose_ports(address=LOOPBACK, metrics=free.metrics)
    assert ports.metrics == free.metrics
    assert len({ports.grpc, ports.http, ports.metrics}) == 3


@pytest.mark.parametrize("name", ["grpc", "http", "metrics"])
def test_names_a_port_in_use(taken: int, name: str) -> None:
    with pytest.raises(PortTaken, match=f"the {name} port {taken} on {LOOPBACK} is in"):
        choose_ports(address=LOOPBACK, **{name: taken})


def test_refuses_one_port_for_two() -> None:
    free = choose_ports(address=LOOPBACK)
    with pytest.raises(PortTaken, match=f"the http port {free.grpc}"):
        choose_ports(address=LOOPBACK, grpc=free.grpc, http=free.grpc)


def test_a_port_whose_last_server_has_just_ended_is_free(taken: int) -> None:
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((LOOPBACK, 0))
        listener.listen()
        port = listener.getsockname()[1]
        with socket.create_connection((LOOPBACK, port)) as client:
            listener.accept()[0].close()  # the side that closes first waits
            client.recv(1)
    assert choose_ports(address=LOOPBACK, grpc=port).grpc == port


def test_refuses_a_number_that_is_no_port() -> None:
    with pytest.raises(ProvisioningError, match="grpc port 70000 is no port"):
        choose_ports(address=LOOPBACK, grpc=70000)


def test_refuses_an_address_of_another_machine() -> None:
    # from the block reserved for documentation (RFC 5737)
    with pytest.raises(ProvisioningError, match=r"cannot listen on 192\.0\.2\.1"):
        choose_ports(address="192.0.2.1")
