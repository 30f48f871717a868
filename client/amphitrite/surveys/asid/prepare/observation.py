"""What is observed of the sky: photons, and how long each direction was exposed."""

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
    """The sky that is searched.

    Parameters
    ----------
    tiles : Tiles
        Its photons.
    exposure : Exposure or None
        None where no map of it is given.
    typical : (5,) ndarray of float32
        The exposure that stands for one that is not known, cm2 s.
    """

    tiles: Tiles
    exposure: Exposure | None
    typical: NDArray[np.float32]

    def exposure_of(self, patches: Sequence[Patch]) -> NDArray[np.float32]:
        """Return the exposure (n, 5) at the centres of patches, cm2 s."""
        if self.exposure is None:
            return np.tile(self.typical, (len(patches), 1))
        lon, lat = np.array([(p.lon, p.lat) for p in patches]).reshape(-1, 2).T
        found = self.exposure.at(unit_vectors(lon, lat))
        known = np.isfinite(found).all(axis=1, keepdims=True)
        return np.where(known, found, self.typical)
