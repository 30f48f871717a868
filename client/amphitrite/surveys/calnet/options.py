"""The options of the search for eclipsing binaries."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from amphitrite.engine import checks


@dataclass(frozen=True)
class Options:
    """The options of the search for eclipsing binaries.

    Parameters
    ----------
    threshold : float, optional
        Probability from which on a star is a candidate and gets a full period search;
        by default the learned one.
    plots : Path, optional
        Folder for a picture of each candidate and a contact sheet of the best hundred;
        needs the ``plots`` extra.

    Raises
    ------
    BadInput
        The threshold is not a probability above 0 and below 1.
    """

    threshold: float | None = None
    plots: Path | None = None

    def __post_init__(self) -> None:
        checks.to_paths(self, "plots")
        checks.check_between(
            *("--threshold", self.threshold, 0, 1),
            wanted="a probability above 0 and below 1",
        )
