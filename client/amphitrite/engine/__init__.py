"""The run engine: bounded work from files to server, resumed from a journal."""

from amphitrite.engine.control import Control, Limits

__all__ = ["Control", "Limits"]
