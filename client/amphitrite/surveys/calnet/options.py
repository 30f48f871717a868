"""How light curves are searched."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from amphitrite.errors import BadInput


@dataclass(frozen=True)
class Options:
    """How light curves are searched.

    Parameters
    ----------
    threshold : float, optional
        Probability from which a star is a candidate and gets a full period search; by
        default what was learned.
    plots : Path, optional
        A folder for a picture of each candidate and a sheet of the best hundred; needs
        the ``plots`` extra.
    """

    threshold: float | None = None
    plots: Path | None = None

    def __post_init__(self) -> None:
        if self.threshold is not None and not 0 < self.threshold < 1:
            raise BadInput(
                "--threshold must be a probability above 0 and below 1; received "
                f"{self.threshold:g}"
            )
        if self.plots is not None:
            object.__setattr__(self, "plots", Path(self.plots))
