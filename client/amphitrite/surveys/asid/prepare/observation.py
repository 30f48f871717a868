"""An observation of the sky: photons and exposure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from amphitrite.surveys.asid.prepare.exposures import Exposure
from amphitrite.surveys.asid.prepare.patches import Patch, unit_vectors
from amphitrite.surveys.asid.prepare.tiling import Tiles


@dataclass(frozen=True, eq=False)
class Observation:
    """The observed sky that is searched for sources.

    Parameters
    ----------
    tiles : Tiles
        The photons.
    exposure : Exposure or None
        The exposure; None without an exposure map.
    typical : (5,) ndarray of float32
        Exposure of each band in cm2 s that is assumed where it is not known.
    """

    tiles: Tiles
    exposure: Exposure | None
    typical: NDArray[np.float32]

    def exposure_of(self, patches: Sequence[Patch]) -> NDArray[np.float32]:
        """Return the exposure at the centres of n patches, (n, 5) in cm2 s."""
        if self.exposure is None:
            return np.tile(self.typical, (len(patches), 1))
        lon, lat = np.array([(p.lon, p.lat) for p in patches]).reshape(-1, 2).T
        found = self.exposure.at(unit_vectors(lon, lat))
        known = np.isfinite(found).all(axis=1, keepdims=True)
        return np.where(known, found, self.typical)
