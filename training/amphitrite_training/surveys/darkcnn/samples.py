"""Samples of clusters of one cross-section, estimated as the client does it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from amphitrite.surveys.darkcnn.interpret.judgement import Judgement
from amphitrite.surveys.darkcnn.interpret.judgement import judged as client_judged
from amphitrite.surveys.darkcnn.interpret.posterior import GRID, Posterior
from amphitrite.surveys.darkcnn.interpret.sample import estimate
from amphitrite.surveys.darkcnn.learned import Learned
from amphitrite_training.surveys.darkcnn.serving import Judged


@dataclass(frozen=True)
class Sample:
    """What a sample of clusters of one cross-section says of it.

    Parameters
    ----------
    true : float
        The cross-section in cm2/g.
    n : int
        Number of clusters, whether they count or not.
    judgement : Judgement
        What a run of the client says.
    everything : Posterior
        The same, had none been left out as unlike simulated clusters.
    """

    true: float
    n: int
    judgement: Judgement
    everything: Posterior

    @classmethod
    def of(cls, judged: Judged, learned: Learned) -> Sample:
        """Return the sample of some clusters, one at least, of one cross-section."""
        found = client_judged(judged.clusters, learned)
        return cls(
            float(judged.cross_section[0]),
            len(judged),
            found,
            estimate(judged.clusters.score, found.calibrated),
        )

    @property
    def posterior(self) -> Posterior:
        """The calibrated estimate."""
        return self.judgement.posterior

    @property
    def n_counted(self) -> int:
        """Number of clusters that count."""
        return int(self.judgement.in_sample.sum())

    @cached_property
    def level(self) -> float:
        """The probability of what is denser than the truth: uniform if all is right.

        NaN without an estimate.
        """
        return level(self.posterior, self.true)

    def as_dict(self) -> dict[str, Any]:
        """Return the numbers as JSON types; None without an estimate."""
        found = self.posterior
        return {
            "true": self.true,
            "n": self.n,
            "n_counted": self.n_counted,
            "median": number(found.median),
            "interval_68": [number(end) for end in found.interval(0.68)],
            "interval_95": [number(end) for end in found.interval(0.95)],
            "product": number(self.judgement.product.mean),
        }


def level(posterior: Posterior, true: float) -> float:
    """Return the probability of all that is denser than a cross-section in cm2/g."""
    if not posterior.is_known:
        return float("nan")
    density: NDArray[np.float64] = posterior.density
    here = float(np.interp(true, GRID, density))
    return float(posterior.probability[density > here].sum())


def number(value: float) -> float | None:
    """Return a number as a JSON type: None if it is not finite."""
    return float(value) if np.isfinite(value) else None
