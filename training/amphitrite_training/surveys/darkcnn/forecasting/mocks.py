"""Samples of clusters drawn from simulated ones, and what is estimated from them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from amphitrite.surveys.darkcnn.interpret.posterior import GRID, Posterior
from amphitrite.surveys.darkcnn.interpret.product import Product
from amphitrite.surveys.darkcnn.interpret.sample import Group, estimate
from amphitrite.surveys.darkcnn.learned import ScoreCurve
from amphitrite_training.surveys.darkcnn.forecasting.served import Answers

SIGMAS: Final = 3.0
"""Standard deviations of a detection."""
MOST: Final = 1_000_000
"""Clusters of the largest sample that is thought of."""


@dataclass(frozen=True)
class Mocks:
    """Estimates of m samples of n clusters.

    Parameters
    ----------
    median, low, high, low_95, high_95 : (m,) ndarray of float64
        Of each sample, cm2/g: median and the ends of its intervals.
    product : (m,) ndarray of float64
        What the product of class probabilities says.
    """

    median: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    low_95: NDArray[np.float64]
    high_95: NDArray[np.float64]
    product: NDArray[np.float64]


def mocks(pool: Answers, known: Answers, n: int, m: int, *, seed: int) -> Mocks:
    """Return the estimates of some samples, each with a calibration of its own.

    A sample is drawn from the pool with replacement, and the score curve is made of
    clusters that are drawn from those of known cross-sections, id by id, likewise: so
    that what scatters between the samples is what would scatter in earnest.

    Parameters
    ----------
    pool : Answers
        Clusters of the true cross-section.
    known : Answers
        Clusters of random cross-sections, from which curves are made.
    n, m : int
        Clusters of a sample, and samples.
    seed : int
        Of the draws.
    """
    rng = np.random.default_rng(seed)
    by_id = _rows_by_id(known.number)
    rows = []
    for _ in range(m):
        drawn = rng.integers(len(by_id), size=len(by_id))
        part = known.take(np.concatenate([by_id[number] for number in drawn]))
        curve = ScoreCurve.of(0.0, part.cross_section, part.score)
        sample = rng.integers(len(pool), size=n)
        found = posterior(pool.score[sample], curve)
        rows.append(
            (
                found.median,
                *found.interval(0.68),
                *found.interval(0.95),
                Product.of(pool.probabilities[sample]).mean,
            )
        )
    return Mocks(*np.array(rows, float).T)


def posterior(score: NDArray[np.float64], curve: ScoreCurve) -> Posterior:
    """Return the posterior of clusters together, as the client has it."""
    return estimate(score, [Group("", curve, np.arange(len(score)))])


def limit(pool: Answers, known: Answers) -> float:
    """Return what ever more samples of a pool come to on average, in cm2/g.

    It differs from the truth by the chance of which clusters are in the pool and among
    the known ones, and by what the curve cannot follow.
    """
    curve = ScoreCurve.of(0.0, known.cross_section, known.score)
    return float(GRID[np.abs(curve.mean_at(GRID) - pool.score.mean()).argmin()])


def limit_error(pool: Answers, known: Answers, at: float) -> float:
    """Return the standard deviation of `limit`, in cm2/g."""
    curve = ScoreCurve.of(0.0, known.cross_section, known.score)
    variance = pool.score.var() / len(pool)
    variance += float(curve.mean_error_at(np.array([at]))[0])
    return math.sqrt(variance) / abs(slope(curve, at))


def slope(curve: ScoreCurve, at: float) -> float:
    """Return by how much the mean score rises for 1 cm2/g."""
    step = 0.02
    ends = np.array([max(at - step, 0.0), at + step])
    low, high = curve.mean_at(ends)
    return float((high - low) / (ends[1] - ends[0])) or 1e-12


def needed(known: Answers, at: float) -> int | None:
    """Return the clusters with which a cross-section is told from 0 by 3 sigma.

    On average: the scores of so many clusters without a cross-section have a mean that
    scatters by a third of what the cross-section moves it.

    Parameters
    ----------
    known : Answers
        Clusters from which the curve is made; its own error counts, too.
    at : float
        The cross-section in cm2/g.

    Returns
    -------
    int or None
        None where no number suffices, or more than `MOST`.
    """
    curve = ScoreCurve.of(0.0, known.cross_section, known.score)
    ends = np.array([0.0, at])
    none, true = curve.mean_at(ends)
    room = ((true - none) / SIGMAS) ** 2 - float(curve.mean_error_at(ends).sum())
    if room <= 0:
        return None
    n = math.ceil(float(curve.variance_at(ends[:1])[0]) / room)
    return n if n <= MOST else None


def half_width(known: Answers, at: float, n: int, *, perfect: bool = False) -> float:
    """Return half of the 68 % interval of n clusters with the expected mean score.

    Parameters
    ----------
    known : Answers
        Clusters from which the curve is made.
    at : float
        The cross-section in cm2/g.
    n : int
        Clusters of the sample.
    perfect : bool
        Whether the curve has no error, as if it were made of any number of clusters.
    """
    curve = ScoreCurve.of(0.0, known.cross_section, known.score)
    variance = curve.variance_at(GRID) / n
    if not perfect:
        variance = variance + curve.mean_error_at(GRID)
    mean = curve.mean_at(np.array([at]))
    likelihood = -0.5 * (np.square(mean - curve.mean_at(GRID)) / variance)
    low, high = Posterior.of(likelihood - 0.5 * np.log(variance)).interval(0.68)
    return (high - low) / 2


def _rows_by_id(numbers: NDArray[np.int64]) -> list[NDArray[np.intp]]:
    """Return the rows of each id."""
    order = np.argsort(numbers, kind="stable")
    starts = np.flatnonzero(np.diff(numbers[order])) + 1
    return np.split(order, starts)
