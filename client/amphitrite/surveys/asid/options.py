"""How a sky is searched."""

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
    """How a sky is searched.

    Parameters
    ----------
    threshold : float, optional
        Score that a source must exceed; by default the low one of what the classifier
        is to judge.
    peaks : {"server", "client"}
        Who finds the peaks of a mask.
    regions : Path, optional
        A DS9 region file to write.
    plot : Path, optional
        A picture of the sky to draw, PNG; needs the ``plots`` extra.
    exposure : Path, optional
        See `amphitrite.surveys.asid.prepare.exposures.read`; by default that of the
        training is assumed.
    associate : Path, optional
        A catalogue to look for counterparts in, see
        `amphitrite.surveys.asid.interpret.associations.read`.
    max_p_fake : float, optional
        Sources that are fluctuations with a higher probability are left out; by
        default what was learned.
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
        """The files that are written beside the catalogue."""
        return [path for path in (self.regions, self.plot) if path is not None]
