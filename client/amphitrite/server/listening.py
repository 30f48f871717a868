"""Addresses of a server: sockets in its private folder, or ports on the network.

A server that a command starts for itself has no port: its sockets are files in a folder
that only its owner may enter.
"""

from __future__ import annotations

import ipaddress
import socket
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Protocol

from amphitrite.errors import BadInput
from amphitrite.server.ports import choose_ports

LOOPBACK: Final = "127.0.0.1"


@dataclass(frozen=True)
class Addresses:
    """The three addresses of one server.

    Parameters
    ----------
    options : tuple of str
        The server's command-line options for them.
    grpc : str
        Address in the form that gRPC clients accept.
    http, metrics : str
        Addresses in the form that `amphitrite.server.rest` accepts.
    """

    options: tuple[str, ...]
    grpc: str
    http: str
    metrics: str


class Listening(Protocol):
    """A choice of addresses on which a server listens."""

    @property
    def grace(self) -> float:
        """Seconds that a stopped server has for the requests of its clients."""

    @property
    def is_private(self) -> bool:
        """Whether only the server's owner can reach it."""

    def addresses(self, folder: Path) -> Addresses:
        """Return the addresses of a server that runs in a folder."""


@dataclass(frozen=True)
class Sockets:
    """Sockets in the run's folder, which only its owner can reach.

    Whoever stops such a server expects no more answers of it.  To end by itself, Triton
    takes about 4 s, even if it is idle.
    """

    grace: float = field(default=0.0, init=False)
    is_private: bool = field(default=True, init=False)

    def addresses(self, folder: Path) -> Addresses:
        """Return the addresses of a server that runs in a folder."""
        grpc, http, metrics = (
            f"unix:{folder}/{name}" for name in ("grpc", "http", "metrics")
        )
        return Addresses(
            (
                f"--grpc-address={grpc}",
                # Triton appends this port to the name of the gRPC socket only
                "--grpc-port=1",
                f"--http-address={http}",
                f"--metrics-address={metrics}",
            ),
            grpc=f"{grpc}:1",
            http=http,
            metrics=metrics,
        )


PRIVATE: Final = Sockets()


@dataclass(frozen=True)
class Network:
    """An address with three ports, open to everybody who can reach the address.

    Parameters
    ----------
    address : str
        An IP address, or a name, which is resolved once.
    grpc_port, http_port, metrics_port : int, optional
        The ports; by default any free ones.

    Attributes
    ----------
    number : str
        The IP address.

    Raises
    ------
    BadInput
        The address is not valid, or the name is not known.
    """

    address: str = LOOPBACK
    grpc_port: int | None = None
    http_port: int | None = None
    metrics_port: int | None = None
    number: str = field(init=False)
    grace: float = field(default=10.0, init=False)  # s; Triton gives up after 5
    is_private: bool = field(default=False, init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "number", resolve(self.address))

    @property
    def is_loopback(self) -> bool:
        """Whether only users of this machine can reach the address."""
        return ipaddress.ip_address(self.number).is_loopback

    def addresses(self, folder: Path) -> Addresses:
        """Return addresses with ports that are free at this moment.

        Raises
        ------
        PortTaken
            A requested port is in use.
        ProvisioningError
            The address is not one of this machine, or the port is not allowed.
        """
        ports = choose_ports(
            address=self.number,
            grpc=self.grpc_port,
            http=self.http_port,
            metrics=self.metrics_port,
        )
        new = ":" in self.number
        # Triton's gRPC and HTTP libraries use different notations for IPv6 addresses
        bracketed = f"[{self.number}]" if new else self.number
        prefixed = f"ipv6:{self.number}" if new else self.number
        host = self._host
        return Addresses(
            (
                f"--grpc-address={bracketed}",
                f"--grpc-port={ports.grpc}",
                f"--http-address={prefixed}",
                f"--http-port={ports.http}",
                f"--metrics-address={prefixed}",
                f"--metrics-port={ports.metrics}",
            ),
            grpc=f"{host}:{ports.grpc}",
            http=f"http://{host}:{ports.http}",
            metrics=f"http://{host}:{ports.metrics}",
        )

    @property
    def _host(self) -> str:
        """The address under which this machine can reach the server."""
        number = {"0.0.0.0": LOOPBACK, "::": "::1"}.get(self.number, self.number)
        return f"[{number}]" if ":" in number else number


def resolve(address: str) -> str:
    """Return the IP address of a name or address; IPv4 if a name has both kinds.

    Raises
    ------
    BadInput
        The address is not valid, or the name is not known.
    """
    plain = address.strip()
    if plain.startswith("[") and plain.endswith("]"):
        plain = plain[1:-1]
    try:
        found = socket.getaddrinfo(plain or ".", None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError, ValueError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise BadInput(
            f"'{address}' is no address to listen on: {why}; give one of this "
            "machine's, such as 127.0.0.1 or 0.0.0.0"
        ) from error
    found.sort(key=lambda entry: entry[0] != socket.AF_INET)
    number = str(found[0][4][0])
    if "%" in number:
        raise BadInput(
            f"'{address}' is an address of one link only, which Triton cannot listen "
            "on; give another of this machine's, such as 127.0.0.1 or ::1"
        )
    return number
