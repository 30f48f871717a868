"""What is measured of stamps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Evaluation:
    """The scatter of measured over true flux of n simulated stars."""

    version: int
    n: int
    scatter: float

    def as_dict(self) -> dict[str, Any]:
        """Return the numbers as JSON types."""
        return {"simulated": True, "stars": self.n, "scatter": self.scatter}
