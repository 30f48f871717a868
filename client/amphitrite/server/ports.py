"""TCP ports for the server: the requested ones if they are free, or any free ones."""

from __future__ import annotations

import errno
import socket
from contextlib import ExitStack
from dataclasses import dataclass

from amphitrite.errors import ProvisioningError


class PortTaken(ProvisioningError):
    """Another process listens on a port that the server needs."""


@dataclass(frozen=True)
class Ports:
    """The ports of one server."""

    grpc: int
    http: int
    metrics: int


def choose_ports(
    *,
    address: str,
    grpc: int | None = None,
    http: int | None = None,
    metrics: int | None = None,
) -> Ports:
    """Return three ports, all different and free at this moment.

    Parameters
    ----------
    address : str
        The IP address on which the server will listen.
    grpc, http, metrics : int, optional
        Requested ports; by default any free ones.

    Raises
    ------
    PortTaken
        A requested port is in use; the message names it.
    ProvisioningError
        The address is not one of this machine, or the port is not allowed.
    """
    with ExitStack() as held:
        # requested ports first, so that none of them is chosen as a free one
        asked = {"grpc": grpc, "http": http, "metrics": metrics}
        order = sorted(asked, key=lambda name: asked[name] is None)
        chosen = {}
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        for name in order:
            listener = held.enter_context(socket.socket(family))
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            chosen[name] = _bind(listener, address, asked[name] or 0, name)
        return Ports(**chosen)


def _bind(listener: socket.socket, address: str, port: int, name: str) -> int:
    """Bind to a port, any free one for 0, and return its number."""
    try:
        listener.bind((address, port))
        # two sockets may be bound to one port, but only one may listen
        listener.listen(1)
    except OverflowError as error:
        raise ProvisioningError(
            f"the {name} port {port} is no port; choose one from 1 to 65535"
        ) from error
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise PortTaken(
                f"the {name} port {port} on {address} is in use by another process; "
                f"choose another with --{name}-port or stop that process"
            ) from error
        raise ProvisioningError(
            f"the server cannot listen on {address}, {name} port {port}: "
            f"{error.strerror}"
        ) from error
    number: int = listener.getsockname()[1]
    return number
