"""Which clusters count, and what they say together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from amphitrite.surveys.darkcnn.interpret.clusters import Clusters
from amphitrite.surveys.darkcnn.interpret.posterior import Posterior
from amphitrite.surveys.darkcnn.interpret.product import Product
from amphitrite.surveys.darkcnn.interpret.sample import (
    Group,
    estimate,
    grouped,
    systematics,
)
from amphitrite.surveys.darkcnn.learned import Learned


@dataclass(frozen=True)
class Judgement:
    """The estimates of a sample of n clusters.

    Parameters
    ----------
    calibrated : sequence of Group
        All clusters for which a curve holds.
    sample : sequence of Group
        Those of them that count.
    out_of_domain, uncalibrated, in_sample : (n,) ndarray of bool
        Which clusters are unlike simulated ones, which have no curve, and which count:
        those that are neither.
    posterior : Posterior
        The calibrated estimate.
    product : Product
        The original's, of the same clusters.
    shifts : mapping of str to float
        By systematic: how far the estimate would move, in cm2/g.
    """

    calibrated: Sequence[Group]
    sample: Sequence[Group]
    out_of_domain: NDArray[np.bool_]
    uncalibrated: NDArray[np.bool_]
    in_sample: NDArray[np.bool_]
    posterior: Posterior
    product: Product
    shifts: Mapping[str, float]


def judged(clusters: Clusters, learned: Learned) -> Judgement:
    """Return what clusters say together.

    Parameters
    ----------
    clusters : Clusters
        The clusters, with the network's answers.
    learned : Learned
        What came with the weights.
    """
    calibrated = grouped(clusters.kinds, clusters.noise, learned.curves)
    known, far = np.zeros((2, len(clusters)), bool)
    for group in calibrated:
        known[group.rows] = True
        far[group.rows] = clusters.distance[group.rows] > group.curve.farthest
    counts = known & ~far
    sample = [
        Group(group.kind, group.curve, rows)
        for group in calibrated
        if len(rows := group.rows[counts[group.rows]])
    ]
    return Judgement(
        calibrated=calibrated,
        sample=sample,
        out_of_domain=far,
        uncalibrated=~known,
        in_sample=counts,
        posterior=estimate(clusters.score, sample),
        product=Product.of(clusters.probabilities[counts]),
        shifts=systematics(clusters.score, sample, learned.shifts),
    )
