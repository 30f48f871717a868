"""Clusters unlike those of the training, to see whether the distance tells them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import affine_transform, gaussian_filter

from amphitrite.surveys.darkcnn.learned import Learned
from amphitrite.surveys.darkcnn.page import CROSS_SECTIONS, PIXEL_KPC
from amphitrite_training.evaluation.cards import Interval
from amphitrite_training.evaluation.statistics import share
from amphitrite_training.surveys.darkcnn.cases import Case
from amphitrite_training.surveys.darkcnn.data import class_of
from amphitrite_training.surveys.darkcnn.serving import Judged
from amphitrite_training.surveys.darkcnn.simulate.clusters import Clusters, clusters
from amphitrite_training.surveys.darkcnn.simulate.population import Population

Maps = NDArray[np.float32]
SMOOTHED_KPC: Final = 60.0
"""Standard deviation of the Gaussian of smoothed maps."""
SCALE: Final = 1.3
"""How much too long the pixels of wrong maps are said to be."""


def _same(maps: Maps) -> Maps:
    return maps


def smoothed(maps: Maps) -> Maps:
    """Return smoothed maps, as of a poor resolution."""
    width = SMOOTHED_KPC / PIXEL_KPC
    return np.asarray(gaussian_filter(maps, (0, width, width)), np.float32)


def stretched(maps: Maps) -> Maps:
    """Return maps whose pixels are taken to be longer than they are.

    The cluster looks too large, so that the map shows its inner part alone.
    """
    middle = (np.array(maps.shape[1:]) - 1) / 2
    offset = middle - middle / SCALE
    parts = [
        affine_transform(each, np.full(2, 1 / SCALE), offset, order=1, mode="nearest")
        for each in maps
    ]
    return np.asarray(np.stack(parts), np.float32)


def shuffled(maps: Maps) -> Maps:
    """Return maps whose pixels are in random order: noise without any structure."""
    rng = np.random.default_rng(int(maps[0].sum(dtype=np.float64)) % 2**32)
    flat = maps.reshape(len(maps), -1)
    order = rng.permutation(flat.shape[1])
    return np.asarray(flat[:, order].reshape(maps.shape), np.float32)


@dataclass(frozen=True)
class Variant:
    """Clusters that are otherwise.

    Parameters
    ----------
    population : Population
        From which they are drawn.
    change : callable
        What is done to their maps.
    """

    population: Population
    change: Callable[[Maps], Maps] = _same

    def made(self, first: int, n: int) -> Clusters:
        """Return clusters of n ids with the cross-sections of the classes."""
        found = clusters(first, n, CROSS_SECTIONS, population=self.population)
        return Changed(found.chunks, found.truth, self.change)


@dataclass(frozen=True)
class Changed(Clusters):
    """Clusters to whose maps something is done.

    Parameters
    ----------
    change : callable
        What is done.
    """

    change: Callable[[Maps], Maps] = _same

    def __getitem__(self, place: int) -> Maps:
        """Return the changed maps of a cluster."""
        return self.change(super().__getitem__(place))


VARIANTS: Final[Mapping[str, Variant]] = {
    "as in training": Variant(Population()),
    "subhaloes of half the size": Variant(Population(subhalo_size=1.0)),
    "no baryons in cores": Variant(Population(baryons_shrink=False)),
    "feedback +3": Variant(Population(feedback=3.0)),
    "redshift 0.5 to 0.8": Variant(Population(redshift=(0.5, 0.8))),
    f"smoothed by {SMOOTHED_KPC:g} kpc": Variant(Population(), smoothed),
    f"pixels {SCALE - 1:.0%} too long": Variant(Population(), stretched),
    "pixels in random order": Variant(Population(), shuffled),
}
"""What is judged, the clusters as in training first."""


@dataclass(frozen=True)
class Strangers:
    """How many clusters of a variant are said to be unlike simulated ones.

    Parameters
    ----------
    name : str
        The variant.
    case : Case
        How they are seen.
    detected : Interval
        Share whose distance exceeds that of 5 % of the clusters as in training.
    accuracy : Interval
        Share of right classes, as if nothing had been noticed.
    """

    name: str
    case: Case
    detected: Interval
    accuracy: Interval

    @classmethod
    def of(cls, name: str, case: Case, judged: Judged, learned: Learned) -> Strangers:
        """Return the detections among judged clusters."""
        far = judged.clusters.distance > learned.farthest(case.kind, case.pixel_noise)
        classes = class_of(judged.cross_section)
        right = judged.clusters.probabilities.argmax(1) == classes
        return cls(name, case, share(far, judged.number), share(right, judged.number))

    def as_dict(self) -> dict[str, Any]:
        """Return the numbers as JSON types."""
        return {
            "name": self.name,
            "case": self.case.name,
            "detected": dict(self.detected),
            "accuracy": dict(self.accuracy),
        }
