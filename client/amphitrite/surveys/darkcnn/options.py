"""The options of the measurement of cross-sections."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from amphitrite.engine import checks
from amphitrite.surveys.darkcnn.prepare.reading import MIDDLE, Reading


@dataclass(frozen=True)
class Options:
    """The options of the measurement of cross-sections.

    Parameters
    ----------
    channels, unit, pixel_kpc, pixel_arcsec, redshift, source_redshift, centre
        What is stated about the maps beside their files; see
        `amphitrite.surveys.darkcnn.prepare.reading.Reading`.
    likelihoods : Path, optional
        A FITS file for the log-likelihood of each cluster, on a grid of cross-sections.
    plots : Path, optional
        Folder for a picture of the sample; needs the ``plots`` extra.

    Raises
    ------
    BadInput
        See `Reading`; or the file of likelihoods does not end in ``.fits``.
    """

    channels: tuple[str, ...] = ()
    unit: str = ""
    pixel_kpc: float | None = None
    pixel_arcsec: float | None = None
    redshift: float | None = None
    source_redshift: float | None = None
    centre: str | tuple[float, float] = MIDDLE
    likelihoods: Path | None = None
    plots: Path | None = None

    def __post_init__(self) -> None:
        checks.to_paths(self, "likelihoods", "plots")
        checks.check_suffix("--likelihoods", self.likelihoods, ".fits")
        object.__setattr__(self, "channels", tuple(self.channels))
        if not isinstance(self.centre, str):
            object.__setattr__(self, "centre", tuple(self.centre))
        _ = self.reading  # which checks the rest

    @cached_property
    def reading(self) -> Reading:
        """How maps are read."""
        return Reading(
            channels=self.channels,
            unit=self.unit,
            pixel_kpc=self.pixel_kpc,
            pixel_arcsec=self.pixel_arcsec,
            redshift=self.redshift,
            source_redshift=self.source_redshift,
            centre=self.centre,
        )
