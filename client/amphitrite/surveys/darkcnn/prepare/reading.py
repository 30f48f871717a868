"""What is stated about maps beside their files, as people know more than headers do."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from amphitrite.errors import BadInput
from amphitrite.surveys.darkcnn.page import CHANNELS, TOTAL

MIDDLE: Final = "middle"
"""The middle of the map."""
PEAK: Final = "peak"
"""The maximum of the smoothed map of all mass."""
BCG: Final = "bcg"
"""The brightest galaxy, where the file states it, else the peak of the stars."""
CENTRES: Final = (MIDDLE, PEAK, BCG)


@dataclass(frozen=True)
class Reading:
    """How maps are read, where their files do not say it or are to be overruled.

    Parameters
    ----------
    channels : tuple of str
        The channels in the order in which a cube or an array holds them, of
        `amphitrite.surveys.darkcnn.page.CHANNELS`; empty for the usual order.
    unit : str
        Unit of the map of all mass; see `units.parse`.
    pixel_kpc, pixel_arcsec : float, optional
        Length of a pixel in proper kpc at the cluster, or on the sky.
    redshift : float, optional
        Redshift of the cluster or clusters.
    source_redshift : float, optional
        Redshift of the galaxies behind, for which a convergence holds.
    centre : str or (float, float)
        `MIDDLE`, `PEAK`, `BCG`, or x and y in pixels, counted from 0 at the centre of
        the first pixel of the first row.

    Raises
    ------
    BadInput
        A channel is unknown, named twice, or that of all mass is left out; a number is
        out of its range; both lengths of a pixel are given; or there is no such centre.
    """

    channels: tuple[str, ...] = ()
    unit: str = ""
    pixel_kpc: float | None = None
    pixel_arcsec: float | None = None
    redshift: float | None = None
    source_redshift: float | None = None
    centre: str | tuple[float, float] = MIDDLE

    def __post_init__(self) -> None:
        self._check_channels()
        self._check_centre()
        if self.pixel_kpc is not None and self.pixel_arcsec is not None:
            raise BadInput("give --pixel-kpc or --pixel-arcsec, not both")
        for option, length in (
            ("--pixel-kpc", self.pixel_kpc),
            ("--pixel-arcsec", self.pixel_arcsec),
        ):
            if length is not None and not 0 < length < math.inf:
                raise BadInput(f"{option} must be above 0; received {length:g}")
        for option, redshift in (
            ("--z", self.redshift),
            ("--z-source", self.source_redshift),
        ):
            if redshift is not None:
                check_redshift(redshift, option)

    def _check_channels(self) -> None:
        if not self.channels:
            return
        names = ", ".join(self.channels)
        if TOTAL not in self.channels or len(set(self.channels)) < len(self.channels):
            raise BadInput(
                f"--channels must name {TOTAL}, and each channel once; received {names}"
            )
        if unknown := set(self.channels) - set(CHANNELS):
            raise BadInput(
                f"--channels must be of {', '.join(CHANNELS)}; received "
                f"{', '.join(sorted(unknown))}"
            )

    def _check_centre(self) -> None:
        if isinstance(self.centre, str):
            right = self.centre in CENTRES
        else:
            right = len(self.centre) == 2 and all(map(math.isfinite, self.centre))
        if not right:
            raise BadInput(
                f"--centre must be {', '.join(CENTRES)} or x,y in pixels; received "
                f"{self.centre}"
            )


def check_redshift(redshift: float, what: str) -> None:
    """Refuse what is no redshift.

    Parameters
    ----------
    redshift : float
        The redshift.
    what : str
        What stated it, as the beginning of a sentence.

    Raises
    ------
    BadInput
        It is not finite, negative or above 1100.
    """
    if not 0 <= redshift <= 1100:  # that of the cosmic microwave background
        raise BadInput(f"{what} must be a redshift, from 0 on; received {redshift:g}")


def cluster_redshift(reading: Reading, found: float | None, name: str) -> float:
    """Return the redshift of a cluster: as stated, or as found in a file.

    Parameters
    ----------
    reading : Reading
        What the user states.
    found : float or None
        What the file says.
    name : str
        The cluster or the file, for messages.

    Raises
    ------
    BadInput
        Nobody says it, or it is none.
    """
    if reading.redshift is not None:
        return reading.redshift
    if found is None:
        raise BadInput(
            f"{name} has no redshift, and how dark matter shows depends on it; state "
            "it with --z or in the file"
        )
    check_redshift(found, f"the redshift of {name}")
    return found


def stated(by_user: float | None, by_file: float | None) -> float | None:
    """Return a number that the user states, else that of the file, if any."""
    return by_file if by_user is None else by_user
