"""The options of the search for gamma-ray sources."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from amphitrite.engine import checks
from amphitrite.errors import BadInput

_ROUTES: Final = ("server", "client")


@dataclass(frozen=True)
class Options:
    """The options of the search for gamma-ray sources.

    Parameters
    ----------
    threshold : float, optional
        Score that a source must exceed; by default the low score above which the
        classifier judges.
    peaks : {"server", "client"}
        Where the peaks of a mask are found.
    regions : Path, optional
        DS9 region file to write.
    plot : Path, optional
        Picture of the sky to write, PNG; needs the ``plots`` extra.
    exposure : Path, optional
        Exposure map (see `amphitrite.surveys.asid.prepare.exposures.read`); without it,
        fluxes assume the mean exposure of the training sky.
    associate : Path, optional
        Catalogue in which to look for counterparts (see
        `amphitrite.surveys.asid.interpret.known_sources.read`).
    max_p_fake : float, optional
        Highest probability of being a fluctuation with which a source is kept; by
        default the learned one.

    Raises
    ------
    BadInput
        A value is out of range, or a file name has another suffix.
    """

    threshold: float | None = None
    peaks: str = "server"
    regions: Path | None = None
    plot: Path | None = None
    exposure: Path | None = None
    associate: Path | None = None
    max_p_fake: float | None = None

    def __post_init__(self) -> None:
        checks.to_paths(self, "exposure", "associate", "regions", "plot")
        checks.check_between(
            *("--max-p-fake", self.max_p_fake, 0, 1),
            wanted="a probability from 0 to 1",
            inclusive=True,
        )
        checks.check_between(
            *("--threshold", self.threshold, 0, math.inf),
            wanted="a positive and finite number",
        )
        checks.check_suffix("--regions", self.regions, ".reg")
        checks.check_suffix("--plot", self.plot, ".png")
        if self.peaks not in _ROUTES:
            raise BadInput(
                f"--peaks must be one of {', '.join(_ROUTES)}; received {self.peaks}"
            )

    @property
    def auxiliary(self) -> list[Path]:
        """The auxiliary files, which are read beside the inputs."""
        return [path for path in (self.exposure, self.associate) if path is not None]

    @property
    def beside(self) -> list[Path]:
        """The files that are written beside the catalogue: regions and picture."""
        return [path for path in (self.regions, self.plot) if path is not None]
