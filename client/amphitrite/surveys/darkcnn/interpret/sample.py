"""From the scores of clusters to one cross-section.

Simulated clusters say how the network's score depends on the cross-section: its mean
and its scatter, for each kind of cluster and each noise (`learned.ScoreCurve`).  The
mean score of n clusters of one kind scatters around that curve as a Gaussian does whose
variance is that of one cluster over n, and that of the curve itself, which no number
of clusters makes smaller.  Kinds are independent of each other: their likelihoods are
multiplied.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from amphitrite.surveys.darkcnn.interpret.posterior import (
    GRID,
    Posterior,
    errors,
    medians,
    normalised,
)
from amphitrite.surveys.darkcnn.learned import ScoreCurve, logarithm

MORE_NOISE: Final = 1.3
"""How much noisier than the noisiest simulated clusters a cluster may be, and is still
taken for one of them."""

_ROWS: Final = 4096  # clusters whose posteriors are held at once
_QUIET: Final = 0.1  # noise that a map without any seems to have at most
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Group:
    """Clusters of one kind and about one noise.

    Parameters
    ----------
    kind : str
        See `amphitrite.surveys.darkcnn.learned.kind`.
    curve : ScoreCurve
        The scores of simulated clusters of that kind and noise.
    rows : (n,) ndarray of int
        Which clusters they are.
    """

    kind: str
    curve: ScoreCurve
    rows: NDArray[np.int64]


def grouped(
    kinds: Sequence[str], noise: Floats, curves: Mapping[str, Sequence[ScoreCurve]]
) -> list[Group]:
    """Return clusters by the curve that holds for them.

    Parameters
    ----------
    kinds : sequence of str
        The kind of each of n clusters.
    noise : (n,) ndarray of float64
        Noise in a pixel of their maps of all mass, in
        `amphitrite.surveys.darkcnn.page.DENSITY`.
    curves : mapping of str to sequence of ScoreCurve
        By kind; see `amphitrite.surveys.darkcnn.learned.Learned`.

    Returns
    -------
    list of Group
        A cluster has the curve whose noise is nearest to its own.  Those of a kind
        without a curve, and those much noisier than all curves, are in no group.
    """
    groups = []
    names = np.array(kinds, dtype=str)
    for name, given in curves.items():
        nodes = np.array([curve.noise for curve in given])
        if not len(nodes):
            continue
        usable = (names == name) & (noise <= MORE_NOISE * nodes.max() + _QUIET)
        nearest = np.abs(noise[:, None] - nodes).argmin(axis=1)
        for place, curve in enumerate(given):
            rows = np.flatnonzero(usable & (nearest == place))
            if len(rows):
                groups.append(Group(name, curve, rows))
    return groups


def log_likelihoods(scores: Floats, curve: ScoreCurve) -> Floats:
    """Return the log-likelihood of each cluster on `GRID`.

    Parameters
    ----------
    scores : (n,) ndarray of float64
        Their scores.
    curve : ScoreCurve
        Of their kind and noise.

    Returns
    -------
    (n, 601) ndarray of float64
        For independent clusters they may be added.  The error of the curve, which all
        share, is not in them: see `sample_log_likelihood`.
    """
    return _gaussian(scores[:, None], curve.mean_at(GRID), curve.variance_at(GRID))


def cluster_estimates(scores: Floats, groups: Sequence[Group]) -> tuple[Floats, Floats]:
    """Return what each cluster alone says of the cross-section.

    Parameters
    ----------
    scores : (n,) ndarray of float64
        Their scores.
    groups : sequence of Group
        See `grouped`.

    Returns
    -------
    median, error : (n,) ndarray of float64
        Of the posterior in cm2/g; the error is its standard deviation.  Under the flat
        prior a cluster that says nothing has 0.75 and 0.43.  NaN for clusters in no
        group.
    """
    median, error = np.full((2, len(scores)), np.nan)
    for group in groups:
        curve = group.curve
        mean = curve.mean_at(GRID)
        variance = curve.variance_at(GRID) + curve.mean_error_at(GRID)
        for first in range(0, len(group.rows), _ROWS):
            rows = group.rows[first : first + _ROWS]
            found = normalised(_gaussian(scores[rows][:, None], mean, variance))
            median[rows], error[rows] = medians(found), errors(found)
    return median, error


def sample_log_likelihood(
    scores: Floats, groups: Sequence[Group], shift: Floats | float = 0.0
) -> Floats:
    """Return the (601,) log-likelihood of all clusters together on `GRID`.

    Parameters
    ----------
    scores : (n,) ndarray of float64
        Their scores.
    groups : sequence of Group
        The clusters that count; see `grouped`.
    shift : (601,) ndarray of float64, optional
        By how much the mean score is larger than the curves say.
    """
    total = np.zeros(len(GRID))
    for group in groups:
        curve, n = group.curve, len(group.rows)
        variance = curve.variance_at(GRID) / n + curve.mean_error_at(GRID)
        mean = np.asarray(scores[group.rows].mean())
        total += _gaussian(mean, curve.mean_at(GRID) + shift, variance)
    return total


def estimate(
    scores: Floats, groups: Sequence[Group], shift: Floats | float = 0.0
) -> Posterior:
    """Return the posterior of all clusters together; see `sample_log_likelihood`."""
    if not groups:
        return Posterior.unknown()
    return Posterior.of(sample_log_likelihood(scores, groups, shift))


def systematics(
    scores: Floats, groups: Sequence[Group], shifts: Mapping[str, Floats]
) -> dict[str, float]:
    """Return how far the estimate would move if clusters were otherwise.

    Parameters
    ----------
    scores, groups
        See `estimate`.
    shifts : mapping of str to (m, 2) ndarray of float64
        By name: cross-sections in cm2/g, and by how much the mean score is larger
        there; see `amphitrite.surveys.darkcnn.learned.Learned`.

    Returns
    -------
    dict of str to float
        By name: the median with the shifted curves, less that with the curves as they
        are, in cm2/g.  Shorter than the truth where an estimate comes to an end of the
        grid.  NaN without a cluster.
    """
    plain = estimate(scores, groups).median
    return {
        name: estimate(scores, groups, shift_on_grid(pairs)).median - plain
        for name, pairs in shifts.items()
    }


def shift_on_grid(pairs: Floats) -> Floats:
    """Return a shift of the score on `GRID`, straight in `logarithm` between points."""
    ordered = pairs[np.argsort(pairs[:, 0])]
    places = logarithm(GRID), logarithm(ordered[:, 0])
    return np.asarray(np.interp(*places, ordered[:, 1]))


def _gaussian(value: Floats, mean: Floats, variance: Floats) -> Floats:
    """Return the logarithm of a Gaussian's density."""
    squared = np.square(value - mean) / variance
    return np.asarray(-0.5 * (squared + np.log(2 * np.pi * variance)))
