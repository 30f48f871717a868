"""How stamps are measured."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Options:
    """How stamps are measured; there is no choice."""
