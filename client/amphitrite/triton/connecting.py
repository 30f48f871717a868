"""A connection to whatever a user names: one server, or several as one."""

from __future__ import annotations

from collections.abc import Callable, Collection

from amphitrite.triton import addresses, credentials, lookup
from amphitrite.triton.connection import Connection
from amphitrite.triton.credentials import Credentials
from amphitrite.triton.fleet import Fleet


def connection(
    servers: str,
    *,
    deadline: float = 120.0,
    known: Callable[[], Collection[str]] = tuple,
    using: Credentials = credentials.NONE,
    look_up: lookup.LookUp = lookup.look_up,
) -> Connection | Fleet:
    """Return a connection to one server or to several.

    Parameters
    ----------
    servers : str
        The addresses; see `amphitrite.triton.addresses.parse_list`.
    deadline, known, using
        See `Connection`.
    look_up : callable
        Finds the addresses of a name that stands for several servers.

    Raises
    ------
    BadInput
        An address is not valid, or the deadline is not positive and finite.
    """
    (first, *more) = addresses.parse_list(servers)

    def join(url: str, name: str) -> Connection:
        return Connection(url, deadline=deadline, known=known, using=using, name=name)

    if more or first.stands_for_many:
        return Fleet(servers, join, deadline=deadline, look_up=look_up)
    return join(first.text, "")
