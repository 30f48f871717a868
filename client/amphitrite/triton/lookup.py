"""The addresses of all servers that have one name."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable, Collection

from amphitrite.errors import ServerUnreachable

LookUp = Callable[[str, int], Collection[str]]
"""Returns the addresses, ``host:port``, of the servers at a name and a port."""


def look_up(name: str, port: int) -> tuple[str, ...]:
    """Return the addresses that a name has now.

    Parameters
    ----------
    name : str
        The name, such as that of a headless Service.
    port : int
        The port, the same for all.

    Returns
    -------
    tuple of str
        Sorted, each once; an IPv6 address stands in brackets before its port.

    Raises
    ------
    ServerUnreachable
        The name is not known, or no name server answers.
    """
    try:
        found = socket.getaddrinfo(name, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise ServerUnreachable(
            f"no server is found at dns:///{name}:{port}: the name '{name}' is not "
            f"known ({why}). Correct it, or give the servers' addresses with commas "
            "between them."
        ) from None
    hosts = {str(place[0]) for *_, place in found}
    return tuple(f"{_bracketed(host)}:{port}" for host in sorted(hosts))


def _bracketed(host: str) -> str:
    address = ipaddress.ip_address(host)
    return f"[{host}]" if address.version == 6 else host
