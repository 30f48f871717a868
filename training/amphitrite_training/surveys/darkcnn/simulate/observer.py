"""From how far the clusters are seen.

As in the original (Harvey 2024, arXiv:2405.17566), every cluster is seen at
`page.LENS_REDSHIFT`, whatever its own redshift, in front of galaxies at
`page.SOURCE_REDSHIFT`: a map shows how a cluster is, not how far it is.
"""

from __future__ import annotations

import math
from typing import Final

from astropy import units
from astropy.cosmology import Planck18

from amphitrite.surveys.darkcnn.page import LENS_REDSHIFT, PIXEL_KPC


def pixel_arcmin(redshift: float) -> float:
    """Return the side of a pixel of the maps at a redshift in arcmin."""
    per_arcmin = Planck18.kpc_proper_per_arcmin(redshift)
    return float(PIXEL_KPC / per_arcmin.to_value(units.kpc / units.arcmin))


def dimming(redshift: float) -> float:
    """Return surface brightness at a redshift over that at `LENS_REDSHIFT` (Tolman)."""
    return ((1 + LENS_REDSHIFT) / (1 + redshift)) ** 4


def _xray_unit() -> float:
    """Return erg/s/cm2/arcmin2 in a pixel for 1 erg/s of its luminosity."""
    distance = Planck18.luminosity_distance(LENS_REDSHIFT).to_value(units.cm)
    return 1 / (4 * math.pi * distance**2 * PIXEL_ARCMIN2)


PIXEL_ARCMIN2: Final = pixel_arcmin(LENS_REDSHIFT) ** 2
"""Area of a pixel as it is seen."""
X_RAY_UNIT: Final = _xray_unit()
"""erg/s/cm2/arcmin2 for 1 erg/s in a pixel."""
