"""Whether the intervals of samples hold the truth as often as they say.

True cross-sections are drawn from the prior of the estimate, and each has clusters of
its own: samples that share clusters would be wrong together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from amphitrite.surveys.darkcnn.interpret.posterior import GRID
from amphitrite.surveys.darkcnn.learned import Learned
from amphitrite_training.evaluation.matching import Share
from amphitrite_training.surveys.darkcnn.cases import Case
from amphitrite_training.surveys.darkcnn.data import TEST_IDS
from amphitrite_training.surveys.darkcnn.samples import Sample, level
from amphitrite_training.surveys.darkcnn.serving import Judged
from amphitrite_training.surveys.darkcnn.simulate.clusters import (
    Chunk,
    Clusters,
    of_chunks,
)

FIRST_ID: Final = TEST_IDS + 100_000
"""The first id of the clusters of these samples."""
SHARES: Final = (0.68, 0.95)


def true_cross_sections(n: int) -> NDArray[np.float64]:
    """Return n cross-sections in cm2/g from the flat prior, to 0.0001."""
    drawn = np.random.default_rng(FIRST_ID).uniform(GRID[0], GRID[-1], n)
    return np.asarray(np.round(drawn, 4))


def simulated(n: int, n_each: int) -> Clusters:
    """Return n samples of clusters, one after the other, no id in two of them.

    Parameters
    ----------
    n : int
        Samples, each of a true cross-section of its own.
    n_each : int
        Clusters of each.
    """
    return of_chunks(
        [
            Chunk(FIRST_ID + number * n_each, n_each, (float(true),))
            for number, true in enumerate(true_cross_sections(n))
        ]
    )


@dataclass(frozen=True)
class Coverage:
    """The samples of many true cross-sections in one case.

    Parameters
    ----------
    case : Case
        How their clusters are seen.
    samples : sequence of Sample
        What they say.
    """

    case: Case
    samples: Sequence[Sample]

    @classmethod
    def of(cls, case: Case, judged: Judged, n_each: int, learned: Learned) -> Coverage:
        """Return the coverage of judged samples of as many clusters each."""
        firsts = range(0, len(judged), n_each)
        parts = (judged.take(slice(first, first + n_each)) for first in firsts)
        return cls(case, [Sample.of(part, learned) for part in parts])

    @property
    def known(self) -> Sequence[Sample]:
        """The samples that have an estimate."""
        return [each for each in self.samples if each.posterior.is_known]

    def within(self, share: float) -> Share:
        """Return how many intervals of that probability hold the truth."""
        ends = [(each.posterior.interval(share), each.true) for each in self.known]
        hits = sum(low <= true <= high for (low, high), true in ends)
        return Share(hits, len(ends))

    @property
    def within_everything(self) -> Share:
        """Those of 68 %, had no cluster been left out as unlike simulated ones."""
        levels = [level(each.everything, each.true) for each in self.known]
        return Share(int((np.array(levels) <= SHARES[0]).sum()), len(levels))

    @property
    def levels(self) -> NDArray[np.float64]:
        """Probability of what is denser than the truth, in rising order."""
        return np.sort([each.level for each in self.known])

    @property
    def errors(self) -> NDArray[np.float64]:
        """Estimates less what is true, in cm2/g."""
        return np.array([each.posterior.median - each.true for each in self.known])

    @property
    def widths(self) -> NDArray[np.float64]:
        """Half-lengths of the intervals of 68 % in cm2/g."""
        ends = [each.posterior.interval(SHARES[0]) for each in self.known]
        return np.array([(high - low) / 2 for low, high in ends])

    @property
    def n_counted(self) -> float:
        """Share of the clusters that count."""
        n = sum(each.n for each in self.samples)
        return sum(each.n_counted for each in self.samples) / n

    def as_dict(self) -> dict[str, Any]:
        """Return the numbers as JSON types."""
        found = {f"{share:g}": self.within(share) for share in SHARES}
        everything = self.within_everything
        return {
            "case": self.case.name,
            "n_each": self.samples[0].n,
            "coverage": {name: [each.n_hits, each.n] for name, each in found.items()},
            "coverage_of_everything": [everything.n_hits, everything.n],
            "share_counted": self.n_counted,
            "samples": [each.as_dict() for each in self.samples],
        }
