"""The options of the search for gamma-ray sources."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Final

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
        `amphitrite.surveys.asid.interpret.associations.read`).
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
        """The auxiliary files: exposure map and catalogue, if they are given."""
        return [path for path in (self.exposure, self.associate) if path is not None]

    @property
    def beside(self) -> list[Path]:
        """The files that are written beside the catalogue: regions and picture."""
        return [path for path in (self.regions, self.plot) if path is not None]
