"""The five energy bands of the gamma-ray sky, and which of them an input fills.

Energies are in MeV, as in the event files of the Fermi mission.
"""

from __future__ import annotations

import math
from collections.abc import Container
from dataclasses import dataclass
from typing import Final

# A typical gamma-ray spectrum, dN/dE ~ E^-2.4: it weighs a band's photons where only
# the limits of a channel are known.
SPECTRAL_INDEX: Final = 2.4


@dataclass(frozen=True)
class Band:
    """One energy band and the grid on which its counts are laid.

    Parameters
    ----------
    low, high : float
        Limits in MeV; a photon of energy E is in the band if low <= E < high.
    pixels : int
        Pixels on a side of the counts image of one patch.
    """

    low: float
    high: float
    pixels: int

    @property
    def name(self) -> str:
        """The limits in MeV, as in ``"500_1000"``."""
        return f"{self.low:.0f}_{self.high:.0f}"

    @property
    def label(self) -> str:
        """The limits in GeV, for a reader."""
        return f"{self.low / 1e3:g}-{self.high / 1e3:g} GeV"


BANDS: Final = (
    Band(7_000, 20_000, 256),
    Band(2_000, 7_000, 128),
    Band(1_000, 2_000, 64),
    Band(500, 1_000, 32),
    Band(300, 500, 32),
)

ALL_BANDS: Final = "1" * len(BANDS)
"""What `present` returns where no band is missing."""

CUTOUT_BANDS: Final = BANDS[:3]
"""The bands of the cut-outs around a peak: those with the finest grids."""

PEAK_BAND: Final = 1
"""Which of them, 2-7 GeV, has the mask's own grid."""


def present(bands: Container[Band]) -> str:
    """Return which bands there are, as models name what they learned for them.

    Parameters
    ----------
    bands : container of Band
        Some of `BANDS`.

    Returns
    -------
    str
        A 1 for each of `BANDS` that there is, else a 0.
    """
    return "".join(str(int(band in bands)) for band in BANDS)


def expected_photons(low: float, high: float) -> float:
    """Return the photons of an E^-2.4 spectrum between two energies, up to a factor.

    Parameters
    ----------
    low, high : float
        Limits in MeV; an interval of negative length holds none, one that reaches
        down to zero infinitely many.
    """
    if high <= low:
        return 0.0
    if low <= 0:
        return math.inf
    power = 1.0 - SPECTRAL_INDEX
    return float(low**power - high**power)


EXPOSURE_WEIGHTS: Final = tuple(
    expected_photons(band.low, band.high) / expected_photons(1_000, 20_000)
    if band.low >= 1_000
    else 0.0
    for band in BANDS
)
"""A flux above 1 GeV goes as one over the mean exposure of the bands above, each
weighed with the photons that a typical spectrum has in it."""
