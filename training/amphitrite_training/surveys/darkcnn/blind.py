"""Samples of one hidden cross-section, and three ways to estimate it.

The network has three classes and learns from random cross-sections, and the calibrated
estimate has seen them, too: blind is the sample, not the method.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from amphitrite.surveys.darkcnn.learned import Learned, logarithm
from amphitrite.surveys.darkcnn.page import CROSS_SECTIONS, LOG_OFFSET
from amphitrite_training.surveys.darkcnn.cases import Case
from amphitrite_training.surveys.darkcnn.data import TEST_IDS
from amphitrite_training.surveys.darkcnn.samples import Sample, number
from amphitrite_training.surveys.darkcnn.serving import Judged

TRUE: Final = 0.3
"""The hidden cross-section, cm2/g."""
FIRST_ID: Final = TEST_IDS + 300_000
"""The first id of these samples."""
LOGARITHMIC, LINEAR = "logarithmic", "linear"


@dataclass(frozen=True)
class Interpolated:
    """An estimate by interpolation between the classes.

    Parameters
    ----------
    value : float
        In cm2/g.
    error : float
        Its standard error from the scatter of the clusters.
    """

    value: float
    error: float


@dataclass(frozen=True)
class Blind:
    """A sample of the hidden cross-section in one case.

    Parameters
    ----------
    case : Case
        How its clusters are seen.
    sample : Sample
        The calibrated estimate, and the product of probabilities.
    interpolated : mapping of str to Interpolated
        By the axis on which it is straight between the classes: `LOGARITHMIC`, that of
        the score, or `LINEAR`.
    """

    case: Case
    sample: Sample
    interpolated: Mapping[str, Interpolated]

    @classmethod
    def of(cls, case: Case, judged: Judged, known: Judged, learned: Learned) -> Blind:
        """Return what a sample says.

        Parameters
        ----------
        case : Case
            How its clusters are seen.
        judged : Judged
            Its clusters.
        known : Judged
            Clusters of the three classes that are seen so, and of other ids.
        learned : Learned
            What came with the weights.
        """
        return cls(
            case,
            Sample.of(judged, learned),
            {axis: interpolated(judged, known, axis) for axis in (LOGARITHMIC, LINEAR)},
        )

    def as_dict(self) -> dict[str, Any]:
        """Return the numbers as JSON types."""
        return {
            "case": self.case.name,
            **self.sample.as_dict(),
            "product_interval": [
                number(end) for end in self.sample.judgement.product.interval
            ],
            "interpolated": {
                axis: [each.value, each.error]
                for axis, each in self.interpolated.items()
            },
        }


def interpolated(judged: Judged, known: Judged, axis: str) -> Interpolated:
    """Return the cross-section at which clusters would have a sample's mean answer.

    The answer of a cluster is the mean of the classes by their probabilities, on one of
    two axes.  Its mean over the clusters of each class is measured; between them it is
    taken to be straight, and beyond them the end stands.

    Parameters
    ----------
    judged : Judged
        The sample.
    known : Judged
        Clusters of the three classes.
    axis : str
        `LOGARITHMIC` or `LINEAR`.
    """
    of_class = np.array(CROSS_SECTIONS)
    places = logarithm(of_class) if axis == LOGARITHMIC else of_class
    answers = known.clusters.probabilities @ places
    means = [answers[known.cross_section == each].mean() for each in CROSS_SECTIONS]
    order = np.argsort(means)
    own = judged.clusters.probabilities @ places
    spread = float(own.std()) / np.sqrt(len(own))
    mean = float(own.mean())

    def at(value: float) -> float:
        place = float(np.interp(value, np.array(means)[order], places[order]))
        return 10**place - LOG_OFFSET if axis == LOGARITHMIC else place

    ends = at(mean - spread), at(mean + spread)
    return Interpolated(at(mean), abs(ends[1] - ends[0]) / 2)


def parts(judged: Judged, sizes: tuple[int, ...]) -> list[Judged]:
    """Return samples of some sizes, which share no cluster."""
    ends: NDArray[np.intp] = np.cumsum(sizes)
    return [
        judged.take(slice(int(end) - size, int(end)))
        for size, end in zip(sizes, ends, strict=True)
    ]
