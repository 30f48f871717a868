"""Tables whose columns are the fields of a dataclass."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray


class Rows:
    """A base of dataclasses whose fields are arrays with rows along the first axis."""

    def where(self, chosen: NDArray[Any]) -> Self:
        """Return the rows that a mask or indices select."""
        return type(self)(*(getattr(self, each.name)[chosen] for each in fields(self)))

    @classmethod
    def joined(cls, parts: Sequence[Self]) -> Self:
        """Return the rows of several tables, one after the other."""
        return cls(
            *(
                np.concatenate([getattr(part, each.name) for part in parts])
                for each in fields(cls)
            )
        )
