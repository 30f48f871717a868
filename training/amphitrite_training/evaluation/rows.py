"""What tables that are dataclasses of arrays have in common."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray


class Rows:
    """A dataclass whose fields are arrays, all with an axis of rows first."""

    def where(self, chosen: NDArray[Any]) -> Self:
        """Return some of the rows: a mask, or their indices."""
        return type(self)(*(getattr(self, each.name)[chosen] for each in fields(self)))

    @classmethod
    def joined(cls, parts: Sequence[Self]) -> Self:
        """Join several sets."""
        return cls(
            *(
                np.concatenate([getattr(part, each.name) for part in parts])
                for each in fields(cls)
            )
        )
