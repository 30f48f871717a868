"""By how much an estimate is wrong if clusters are not what the simulation assumes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from amphitrite.surveys.darkcnn.interpret.judgement import judged as client_judged
from amphitrite.surveys.darkcnn.interpret.sample import estimate, grouped
from amphitrite.surveys.darkcnn.learned import Learned
from amphitrite_training.evaluation.cards import Interval
from amphitrite_training.evaluation.statistics import interval
from amphitrite_training.surveys.darkcnn.samples import number
from amphitrite_training.surveys.darkcnn.serving import Judged

Rows = NDArray[np.intp]


@dataclass(frozen=True)
class Bias:
    """What a sample of another population does to the estimate.

    Parameters
    ----------
    name : str
        The population.
    stated : float
        What the client states for the usual sample: how far its estimate would move if
        it knew that clusters are so.  The bias should be its opposite.
    measured : Interval
        The estimate of a sample of that population less that of the usual one, of the
        same ids, in cm2/g; its interval by resampling ids.
    left_out : float
        Share of its clusters that are left out as unlike simulated ones.
    """

    name: str
    stated: float
    measured: Interval
    left_out: float

    @classmethod
    def of(cls, name: str, usual: Judged, other: Judged, learned: Learned) -> Bias:
        """Return the bias of a population.

        Parameters
        ----------
        name : str
            The population.
        usual, other : Judged
            The same ids of one cross-section in both populations, one cluster each.
        learned : Learned
            What came with the weights.
        """
        ours, theirs = (
            client_judged(each.clusters, learned) for each in (usual, other)
        )
        median = _medians(usual, ours.in_sample, learned)
        median_there = _medians(other, theirs.in_sample, learned)

        def difference(rows: Rows) -> float:
            return median_there(rows) - median(rows)

        return cls(
            name,
            ours.shifts.get(name, float("nan")),
            interval(difference, usual.number),
            1 - float(theirs.in_sample.mean()),
        )

    def as_dict(self) -> dict[str, Any]:
        """Return the numbers as JSON types; None where nothing is stated."""
        return {
            "name": self.name,
            "stated": number(self.stated),
            "measured": dict(self.measured),
            "left_out": self.left_out,
        }


def _medians(
    judged: Judged, counts: NDArray[np.bool_], learned: Learned
) -> Callable[[Rows], float]:
    """Return what gives the estimate of some clusters, of those that count."""
    kinds = np.array(judged.clusters.kinds, str)
    noise, score = judged.clusters.noise, judged.clusters.score

    def median(rows: Rows) -> float:
        some = rows[counts[rows]]
        groups = grouped(kinds[some], noise[some], learned.curves)
        return estimate(score[some], groups).median

    return median
