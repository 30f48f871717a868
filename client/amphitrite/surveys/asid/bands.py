"""The five energy bands of the gamma-ray sky, and the photons expected in them.

Energies are in MeV, as in the event files of the Fermi mission.
"""

from __future__ import annotations

import math
from collections.abc import Container
from dataclasses import dataclass
from typing import Final

# Index of a typical gamma-ray spectrum, dN/dE ~ E^-2.4, which gives the distribution of
# photons in an energy channel of which only the limits are known.
SPECTRAL_INDEX: Final = 2.4


@dataclass(frozen=True)
class Band:
    """One energy band, and the pixel grid of its counts.

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
        """The limits in GeV, as in ``"0.5-1 GeV"``."""
        return f"{self.low / 1e3:g}-{self.high / 1e3:g} GeV"


BANDS: Final = (
    Band(7_000, 20_000, 256),
    Band(2_000, 7_000, 128),
    Band(1_000, 2_000, 64),
    Band(500, 1_000, 32),
    Band(300, 500, 32),
)

ALL_BANDS: Final = "1" * len(BANDS)
"""The result of `present` if no band is missing."""

CUTOUT_BANDS: Final = BANDS[:3]
"""The bands of the images around a peak: those with the finest grids."""

PEAK_BAND: Final = 1
"""Index of the band whose grid is that of the mask, 2-7 GeV."""


def present(bands: Container[Band]) -> str:
    """Return the key of a set of bands, by which models store learned values.

    Parameters
    ----------
    bands : container of Band
        Some of `BANDS`.

    Returns
    -------
    str
        For each of `BANDS`, 1 if it is in the set and 0 if not, as in ``"11000"``.
    """
    return "".join(str(int(band in bands)) for band in BANDS)


def expected_photons(low: float, high: float) -> float:
    """Return the photons of an E^-2.4 spectrum between two energies, up to a factor.

    Parameters
    ----------
    low, high : float
        Limits in MeV.

    Returns
    -------
    float
        0 if `high` is not above `low`; infinity if `low` is zero or less.
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
"""Weights of the bands in the mean exposure by which counts above 1 GeV are divided for
a flux: the fractions of a typical spectrum's photons, 0 for bands below 1 GeV."""
