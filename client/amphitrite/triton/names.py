"""The servers that a user names, in addresses of their own or in names for many."""

from __future__ import annotations

import logging

from amphitrite.errors import ServerError, ServerUnreachable
from amphitrite.triton import addresses
from amphitrite.triton.lookup import LookUp

logger = logging.getLogger(__name__)


class Names:
    """The addresses that a list of servers stands for.

    Parameters
    ----------
    text : str
        The list; see `amphitrite.triton.addresses.parse_list`.
    look_up : callable
        Finds the addresses of a name.

    Attributes
    ----------
    change : bool
        Whether the addresses may change.

    Raises
    ------
    BadInput
        An address is not valid.
    """

    def __init__(self, text: str, look_up: LookUp) -> None:
        self._listed = addresses.parse_list(text)
        self._look_up = look_up
        self._known: dict[str, tuple[str, ...]] = {}
        self._failure: ServerError | None = None
        self.change = any(address.stands_for_many for address in self._listed)

    def addresses(self) -> dict[str, str]:
        """Return all addresses, each once, with the name that stands for it.

        That name is empty for an address that was given as it is.  A name that cannot
        be looked up, or that has no address, keeps those that it had before: its
        servers may be well while a name server is not.
        """
        found: dict[str, str] = {}
        for address in self._listed:
            if not address.stands_for_many:
                found[address.text] = ""
                continue
            ((host, port),) = address.hosts
            known = self._looked_up(host, port) or self._known.get(address.text, ())
            self._known[address.text] = known
            for one in known:
                found.setdefault(one, host)
        return found

    def failure(self) -> ServerError:
        """Return the error that says why there is no address."""
        return self._failure or ServerUnreachable("no server has been named")

    def _looked_up(self, host: str, port: int) -> tuple[str, ...]:
        try:
            found = tuple(self._look_up(host, port))
        except ServerError as error:
            self._note(error)
            return ()
        if not found:
            self._note(
                ServerUnreachable(
                    f"the name '{host}' has no address at present: no server of it is "
                    "ready. Start one, or correct the name."
                )
            )
        return found

    def _note(self, failure: ServerError) -> None:
        """Remember why a name has no address; report what was not reported before."""
        if str(failure) != str(self._failure):
            logger.info("%s", failure)
        self._failure = failure
