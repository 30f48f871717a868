"""Published maps of clusters: six of BAHAMAS-SIDM, read as a user's own.

They are of a hydrodynamical simulation, not of observations, and nothing was trained on
them.  They were recovered from a published figure, and have neither unit nor redshift,
so that they are judged over their maximum and at an assumed redshift.  Six maps measure
no accuracy: they are reported, and judge nothing.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from amphitrite.surveys.darkcnn.interpret.clusters import Clusters
from amphitrite.surveys.darkcnn.learned import Learned
from amphitrite.surveys.darkcnn.page import (
    CROSS_SECTIONS,
    DISTANCE,
    PIXEL_KPC,
    PROBABILITIES,
    SCORE,
)
from amphitrite.surveys.darkcnn.prepare import inputs, units
from amphitrite.surveys.darkcnn.prepare.reading import Reading
from amphitrite.surveys.darkcnn.work import stacked
from amphitrite.triton.served import ServedModel
from amphitrite_training.surveys.darkcnn.samples import number

VARIABLE: Final = "AMPHITRITE_TEST_DATA"
"""The environment variable that names the folder of real files."""
FILE: Final = Path("darkcnn") / "bahamas_sidm_total_maps.npz"
"""Where the maps are in it."""
REDSHIFT: Final = 0.25
"""Assumed of all maps; that of the snapshots is 0 to 0.375."""
OTHER_REDSHIFTS: Final = (0.0, 0.375)


@dataclass(frozen=True)
class Published:
    """Published maps and what the network says of them.

    Parameters
    ----------
    true : (n,) ndarray of float64
        Their cross-sections in cm2/g.
    clusters : Clusters
        What a run of the client knows of them, at `REDSHIFT`.
    maps : (n, 100, 100) ndarray of float32
        All mass over its maximum.
    limit : float
        Distance beyond which a cluster counts as unlike simulated ones.
    n_steady : int
        How many have the same most probable class at `OTHER_REDSHIFTS`.
    """

    true: NDArray[np.float64]
    clusters: Clusters
    maps: NDArray[np.float32]
    limit: float
    n_steady: int

    @property
    def classes(self) -> NDArray[np.intp]:
        """Their true classes."""
        off = np.abs(self.true[:, None] - np.array(CROSS_SECTIONS))
        return np.asarray(off.argmin(1), np.intp)

    @property
    def is_far(self) -> NDArray[np.bool_]:
        """Which are unlike simulated clusters."""
        return np.asarray(self.clusters.distance > self.limit)

    @property
    def profiles(self) -> NDArray[np.float64]:
        """The (n, 12) profiles of the maps over their own maxima.

        The published maps are over a maximum that the figure does not show: theirs are
        0.91 to 0.98.
        """
        highest = self.maps.max(axis=(1, 2)).astype(np.float64)
        return np.asarray(self.clusters.profile / highest[:, None])

    def mean_profile(self, number: int) -> NDArray[np.float64]:
        """Return the mean of `profiles` of a true class."""
        return np.asarray(self.profiles[self.classes == number].mean(axis=0))

    def as_dict(self) -> dict[str, Any]:
        """Return the numbers as JSON types."""
        return {
            "true": self.true.tolist(),
            "probabilities": self.clusters.probabilities.tolist(),
            "distances": self.clusters.distance.tolist(),
            "limit": number(self.limit),
            "profiles": self.profiles.tolist(),
            "n_steady": self.n_steady,
        }


def at_hand() -> Path | None:
    """Return the file of the maps; None where `VARIABLE` names no folder with them."""
    named = os.environ.get(VARIABLE)
    path = Path(named) / FILE if named else None
    return path if path is not None and path.is_file() else None


def judged_maps(model: ServedModel, path: Path, learned: Learned) -> Published:
    """Return what a served network says of the maps in a file.

    Parameters
    ----------
    model : ServedModel
        The network.
    path : Path
        An archive of numpy as a user might have it, with the true cross-sections as
        ``label``.
    learned : Learned
        What came with the weights.

    Raises
    ------
    BadInput
        The file cannot be used.
    """
    clusters, maps, true = _judged(model, path, REDSHIFT)
    best = clusters.probabilities.argmax(1)
    same = np.ones(len(best), bool)
    for redshift in OTHER_REDSHIFTS:
        other, _, _ = _judged(model, path, redshift)
        same &= other.probabilities.argmax(1) == best
    kinds = clusters.kinds
    return Published(true, clusters, maps, learned.farthest(kinds[0]), int(same.sum()))


def _judged(
    model: ServedModel, path: Path, redshift: float
) -> tuple[Clusters, NDArray[np.float32], NDArray[np.float64]]:
    """Read the maps at a redshift as a user would, and have them judged."""
    reading = Reading(unit=units.MAXIMUM, pixel_kpc=PIXEL_KPC, redshift=redshift)
    prepared = list(inputs.clusters([path], reading))
    found = Clusters.of(
        [(each.name, (0, place), each) for place, each in enumerate(prepared)]
    )
    tensors = stacked(prepared)
    for first in range(0, len(found), model.max_batch):
        rows = slice(first, first + model.max_batch)
        said = model.infer(
            {name: values[rows] for name, values in tensors.items()},
            (PROBABILITIES, SCORE, DISTANCE),
        )
        found.probabilities[rows] = said[PROBABILITIES]
        found.score[rows] = said[SCORE][:, 0]
        found.distance[rows] = said[DISTANCE][:, 0]
    maps = np.stack([each.maps[..., 0] for each in prepared])
    true = np.array([float(each.others["label"]) for each in prepared])
    return found, maps, true
