"""Where a server listens: in its run's private folder, or on the network.

A server that a command starts for itself has no port: its sockets are files, in a
folder that only its owner may enter.
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
        The server's own options for them.
    grpc : str
        As gRPC's clients take it.
    http, metrics : str
        As `amphitrite.server.rest` takes them.
    """

    options: tuple[str, ...]
    grpc: str
    http: str
    metrics: str


class Listening(Protocol):
    """What decides where a server listens."""

    def addresses(self, folder: Path) -> Addresses:
        """Return the addresses of a server that runs in a folder."""


@dataclass(frozen=True)
class Sockets:
    """Sockets in the run's folder, out of everybody else's reach."""

    def addresses(self, folder: Path) -> Addresses:
        """Return the addresses of a server that runs in a folder."""
        grpc, http, metrics = (
            f"unix:{folder}/{name}" for name in ("grpc", "http", "metrics")
        )
        return Addresses(
            (
                f"--grpc-address={grpc}",
                # becomes a part of that file's name, and of no other's
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
    """An address and three ports, which everybody reaches who reaches the address.

    Parameters
    ----------
    address : str
        A number or a name, of which the number is kept.
    grpc_port, http_port, metrics_port : int, optional
        Any free ones if not given.

    Raises
    ------
    BadInput
        The address is none, or its name is not known.
    """

    address: str = LOOPBACK
    grpc_port: int | None = None
    http_port: int | None = None
    metrics_port: int | None = None
    number: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "number", resolve(self.address))

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine's own users reach it."""
        return ipaddress.ip_address(self.number).is_loopback

    def addresses(self, folder: Path) -> Addresses:
        """Return addresses with ports that are free at this moment.

        Raises
        ------
        PortTaken
            A port that was asked for is in use.
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
        # Triton's two libraries write the newer addresses in two ways
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
        """An address under which this machine reaches the server."""
        number = {"0.0.0.0": LOOPBACK, "::": "::1"}.get(self.number, self.number)
        return f"[{number}]" if ":" in number else number


def resolve(address: str) -> str:
    """Return the number of an address, the older kind where a name has both.

    Raises
    ------
    BadInput
        It is no address, or its name is not known.
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
