"""How many clusters get their true class, and how far stated probabilities hold.

Beside the network stands the regression on the mean profile.  The one that is served
was fitted to clusters without noise.  A second one is fitted anew to the very clusters
of a case, to those of one half of the ids for the other half, so that it is as used to
their noise as it can be.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from amphitrite.surveys.darkcnn.interpret import floor as served_floor
from amphitrite.surveys.darkcnn.interpret.clusters import Clusters
from amphitrite.surveys.darkcnn.learned import Learned
from amphitrite.surveys.darkcnn.page import CROSS_SECTIONS
from amphitrite_training.evaluation.cards import Interval
from amphitrite_training.evaluation.matching import Share
from amphitrite_training.evaluation.statistics import (
    Reliable,
    expected_calibration_error,
    interval,
    reliability,
    share,
)
from amphitrite_training.surveys.darkcnn import floor
from amphitrite_training.surveys.darkcnn.cases import Case
from amphitrite_training.surveys.darkcnn.data import class_of
from amphitrite_training.surveys.darkcnn.serving import Judged

N_BINS: Final = 10
"""Bins of the calibration error, with as many clusters each."""
_REPEATED: Final = 200  # draws of perfectly calibrated answers


@dataclass(frozen=True)
class Accuracy:
    """The classes of the test clusters in one case.

    Parameters
    ----------
    case : Case
        How they are seen.
    judged : Judged
        The clusters, all of a cross-section of a class.
    floor : (n, 3) ndarray of float64
        Class probabilities of the served regression; NaN where it says nothing.
    refitted : (n, 3) ndarray of float64
        Class scores of the regression that is fitted to such clusters.
    limit : float
        Distance beyond which a cluster counts as unlike simulated ones.
    """

    case: Case
    judged: Judged
    floor: NDArray[np.float64]
    refitted: NDArray[np.float64]
    limit: float

    @classmethod
    def of(cls, case: Case, judged: Judged, learned: Learned) -> Accuracy:
        """Return the accuracy of judged clusters."""
        seen = judged.clusters
        said = seen.profile, seen.attributes, seen.attributes_present
        regression = served_floor.probabilities(learned.floor, *said)
        regression[seen.relative] = np.nan
        return cls(
            case,
            judged,
            regression,
            refitted(seen, class_of(judged.cross_section), judged.number),
            learned.farthest(case.kind, case.pixel_noise),
        )

    @property
    def classes(self) -> NDArray[np.intp]:
        """The true classes."""
        return class_of(self.judged.cross_section)

    @property
    def n_ids(self) -> int:
        """Number of ids."""
        return len(np.unique(self.judged.number))

    @cached_property
    def network(self) -> Interval:
        """Share of right classes, its interval by resampling ids."""
        return self._share(self.judged.clusters.probabilities)

    @cached_property
    def regression(self) -> Interval | None:
        """That of the served regression; None where it says nothing."""
        known = np.isfinite(self.floor).all()
        return self._share(self.floor) if known else None

    @cached_property
    def regression_refitted(self) -> Interval:
        """That of the regression that is fitted to such clusters."""
        return self._share(self.refitted)

    @cached_property
    def gain(self) -> Interval:
        """Share of the network less that of the better fitted regression, paired."""
        right, other = (
            self._right(each).astype(float)
            for each in (self.judged.clusters.probabilities, self.refitted)
        )
        difference = right - other
        return interval(lambda i: float(difference[i].mean()), self.judged.number)

    @property
    def confusion(self) -> NDArray[np.int64]:
        """(3, 3) numbers of clusters by true (row) and most probable class."""
        best = self.judged.clusters.probabilities.argmax(1)
        counts = np.bincount(3 * self.classes + best, minlength=9)
        return np.asarray(counts.reshape(3, 3), np.int64)

    @property
    def false_alarms(self) -> Share:
        """Clusters that are said to be unlike simulated ones."""
        far = self.judged.clusters.distance > self.limit
        return Share(int(far.sum()), len(far))

    @cached_property
    def bins(self) -> list[Reliable]:
        """Share of right classes by the probability of the most probable one."""
        confidence = self._confidence
        right = self._right(self.judged.clusters.probabilities)
        return reliability(confidence, right, equal_bins(confidence))

    @cached_property
    def calibration_error(self) -> float:
        """Mean absolute difference of probability and share over `bins`."""
        right = self._right(self.judged.clusters.probabilities)
        edges = equal_bins(self._confidence)
        return expected_calibration_error(self._confidence, right, edges)

    @cached_property
    def least_error(self) -> float:
        """The calibration error that perfect probabilities have, by chance alone."""
        confidence = self._confidence
        rng = np.random.default_rng(0)
        edges = equal_bins(confidence)
        drawn = [
            expected_calibration_error(
                confidence, rng.random(len(confidence)) < confidence, edges
            )
            for _ in range(_REPEATED)
        ]
        return float(np.mean(drawn))

    def mean_profile(self, number: int) -> NDArray[np.float64]:
        """Return the mean profile of all mass of a true class."""
        found = self.judged.clusters.profile[self.classes == number].mean(axis=0)
        return np.asarray(found, np.float64)

    def as_dict(self) -> dict[str, Any]:
        """Return the numbers as JSON types."""
        return {
            "case": self.case.name,
            "n_clusters": len(self.judged),
            "n_ids": self.n_ids,
            "accuracy": dict(self.network),
            "floor": self.regression and dict(self.regression),
            "floor_refitted": dict(self.regression_refitted),
            "gain": dict(self.gain),
            "confusion": self.confusion.tolist(),
            "calibration_error": self.calibration_error,
            "calibration_error_by_chance": self.least_error,
            "false_alarms": [self.false_alarms.n_hits, self.false_alarms.n],
        }

    @property
    def _confidence(self) -> NDArray[np.float64]:
        return np.asarray(self.judged.clusters.probabilities.max(1), np.float64)

    def _right(self, scores: NDArray[np.float64]) -> NDArray[np.bool_]:
        return np.asarray(scores.argmax(1) == self.classes)

    def _share(self, scores: NDArray[np.float64]) -> Interval:
        return share(self._right(scores), self.judged.number)


def equal_bins(values: NDArray[np.float64]) -> list[float]:
    """Return the edges of `N_BINS` bins with as many values each."""
    edges = np.quantile(values, np.linspace(0, 1, N_BINS + 1))
    edges[-1] = np.inf
    return [float(edge) for edge in edges]


def refitted(
    clusters: Clusters, classes: NDArray[np.intp], numbers: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return the (n, 3) class scores of a regression fitted to the other half of ids.

    Parameters
    ----------
    clusters : Clusters
        The n clusters.
    classes : (n,) ndarray of int
        Their true classes.
    numbers : (n,) ndarray of int
        Their ids, two different ones at least.
    """
    seen = floor.features_of_profiles(
        clusters.profile, clusters.attributes, clusters.attributes_present
    )
    _, place = np.unique(numbers, return_inverse=True)
    found = np.zeros((len(seen), len(CROSS_SECTIONS)))
    for half in (0, 1):
        own = place % 2 == half
        fitted = floor.fitted(seen[~own], classes[~own])
        found[own] = floor.logits(fitted, seen[own])
    return found
