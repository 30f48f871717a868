"""Telescope files in, science catalogues out, deep networks on Triton in between.

`run` brings files through a survey and returns its catalogue; `connect` gives a
`Connection` to a server, or to a local one started for the occasion; `Control`,
`Limits` and `Shard` say how a run is conducted, and `merge` makes one result of a run
that was divided into shards.  They are imported when they are first used, so that
``amphitrite --version`` is instant.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from amphitrite._version import __version__
from amphitrite.places import lend

if TYPE_CHECKING:
    from amphitrite.api import connect, merge, run
    from amphitrite.engine.control import Control, Limits
    from amphitrite.engine.shards import Shard
    from amphitrite.triton.connection import Connection

__all__ = [
    "Connection",
    "Control",
    "Limits",
    "Shard",
    "__version__",
    "connect",
    "merge",
    "run",
]

_PLACES: Final = {
    "connect": "amphitrite.api",
    "merge": "amphitrite.api",
    "run": "amphitrite.api",
    "Control": "amphitrite.engine.control",
    "Limits": "amphitrite.engine.control",
    "Shard": "amphitrite.engine.shards",
    "Connection": "amphitrite.triton.connection",
}

lend()  # before a library is imported that needs it


def __getattr__(name: str) -> Any:
    if name in _PLACES:
        return getattr(import_module(_PLACES[name]), name)
    raise AttributeError(f"module 'amphitrite' has no attribute '{name}'")
