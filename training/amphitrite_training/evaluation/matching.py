"""Comparison of a catalogue with the true sources, with confidence intervals."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

UNMATCHED = -1
_Z95 = 1.959963984540054


@dataclass(frozen=True)
class Share:
    """A measured share, ``n_hits`` of ``n``.

    Parameters
    ----------
    n_hits, n : int
        The counts.
    """

    n_hits: int
    n: int

    @property
    def value(self) -> float:
        """The share; NaN if ``n`` is 0."""
        return self.n_hits / self.n if self.n else math.nan

    @property
    def interval(self) -> tuple[float, float]:
        """The 95 % confidence interval of Wilson [1]_; (0, 1) if ``n`` is 0.

        References
        ----------
        .. [1] Wilson 1927, J. Am. Stat. Assoc. 22, 209,
           doi:10.1080/01621459.1927.10502953
        """
        if not self.n:
            return 0.0, 1.0
        p, z2 = self.value, _Z95**2
        middle = (p + z2 / (2 * self.n)) / (1 + z2 / self.n)
        half = (
            _Z95
            * math.sqrt(p * (1 - p) / self.n + z2 / (4 * self.n**2))
            / (1 + z2 / self.n)
        )
        return max(0.0, middle - half), min(1.0, middle + half)


def match(
    truth_xy: ArrayLike, found_xy: ArrayLike, *, order: ArrayLike, radius: float
) -> NDArray[np.int64]:
    """Return the counterpart of each true source among the found ones, one to one.

    Each true source in turn gets the nearest found source that is still free.

    Parameters
    ----------
    truth_xy : (n_truth, 2) array_like
        Positions of the true sources in pixels.
    found_xy : (n_found, 2) array_like
        Positions of the found sources in pixels.
    order : (n_truth,) array_like
        Values, such as magnitudes, in whose increasing order the true sources are
        taken.
    radius : float
        Largest separation of a pair in pixels.

    Returns
    -------
    (n_truth,) ndarray of int64
        The index of each true source's counterpart, or ``UNMATCHED``.
    """
    truth = np.asarray(truth_xy, dtype=float).reshape(-1, 2)
    found = np.asarray(found_xy, dtype=float).reshape(-1, 2)
    partners = np.full(len(truth), UNMATCHED)
    distances = np.hypot(*(truth[:, None] - found[None]).transpose(2, 0, 1))
    for i in np.argsort(np.asarray(order), kind="stable"):
        if not distances.shape[1]:
            break
        nearest = int(distances[i].argmin())
        if distances[i, nearest] <= radius:
            partners[i] = nearest
            distances[:, nearest] = np.inf
    return partners


def shares_by_bin(
    hits: NDArray[np.bool_], values: ArrayLike, edges: Sequence[float]
) -> list[Share]:
    """Return the share of hits in bins.

    Parameters
    ----------
    hits : (n,) ndarray of bool
        Whether each source is a hit.
    values : (n,) array_like
        The values by which sources are binned.
    edges : sequence of float
        Increasing edges; a bin contains its lower edge and not its upper one.

    Returns
    -------
    list of Share
        One per bin.
    """
    bins = np.digitize(np.asarray(values), edges) - 1
    return [
        Share(int(hits[bins == i].sum()), int((bins == i).sum()))
        for i in range(len(edges) - 1)
    ]


def confusion(
    truth: Sequence[str], found: Sequence[str], labels: Sequence[str]
) -> NDArray[np.int64]:
    """Return the confusion matrix of true and found classes.

    Parameters
    ----------
    truth, found : sequence of str
        The true and the found class of each source.
    labels : sequence of str
        All classes, in the order of rows and columns.

    Returns
    -------
    (n_labels, n_labels) ndarray of int64
        Numbers of sources by true class (rows) and found class (columns).
    """
    table = np.zeros((len(labels), len(labels)), dtype=np.int64)
    for true, given in zip(truth, found, strict=True):
        table[labels.index(true), labels.index(given)] += 1
    return table
