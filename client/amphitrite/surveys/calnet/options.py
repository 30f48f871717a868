"""How light curves are searched."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from amphitrite.engine import checks


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
        checks.to_paths(self, "plots")
        checks.check_between(
            *("--threshold", self.threshold, 0, 1),
            wanted="a probability above 0 and below 1",
        )
