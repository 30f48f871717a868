"""The run engine: bounded work between files and server, resumed from its journal."""

from amphitrite.engine.control import Control, Limits

__all__ = ["Control", "Limits"]
