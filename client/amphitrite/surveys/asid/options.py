"""How a sky is searched."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Final

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
        if self.max_p_fake is not None and not 0 <= self.max_p_fake <= 1:
            raise BadInput(
                "--max-p-fake must be a probability from 0 to 1; received "
                f"{self.max_p_fake:g}"
            )
        for name in ("exposure", "associate"):
            if (given := getattr(self, name)) is not None:
                object.__setattr__(self, name, Path(given))
        if self.threshold is not None and not 0 < self.threshold < math.inf:
            raise BadInput(
                "--threshold must be a positive and finite number; received "
                f"{self.threshold:g}"
            )
        if self.peaks not in _ROUTES:
            raise BadInput(
                f"--peaks must be one of {', '.join(_ROUTES)}; received {self.peaks}"
            )
        for name, suffix in (("regions", ".reg"), ("plot", ".png")):
            if (path := getattr(self, name)) is not None:
                object.__setattr__(self, name, path := Path(path))
                if path.suffix.lower() != suffix:
                    raise BadInput(
                        f"--{name} must be a file name that ends in {suffix}; "
                        f"received {path}"
                    )

    @property
    def aids(self) -> list[Path]:
        """The files that are read beside the inputs."""
        return [path for path in (self.exposure, self.associate) if path is not None]

    @property
    def beside(self) -> list[Path]:
        """The files that are written beside the catalogue."""
        return [path for path in (self.regions, self.plot) if path is not None]
