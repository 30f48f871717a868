"""Telescope files in, science catalogues out, deep networks on Triton in between.

`run` brings files through a survey and returns its catalogue; `connect` gives a
connection to a server, or to a local one started for the occasion.  Both are imported
when they are first used, so that ``amphitrite --version`` is instant.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from amphitrite._version import __version__
from amphitrite.places import lend

if TYPE_CHECKING:
    from amphitrite.api import connect, run

__all__ = ["__version__", "connect", "run"]

lend()  # before a library is imported that needs it


def __getattr__(name: str) -> Any:
    if name in ("connect", "run"):
        from amphitrite import api

        return getattr(api, name)
    raise AttributeError(f"module 'amphitrite' has no attribute '{name}'")
