"""Count how well a catalogue agrees with a known truth, with honest intervals."""

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
    """A share that was counted: ``n_hits`` of ``n``.

    Parameters
    ----------
    n_hits, n : int
        The counts.
    """

    n_hits: int
    n: int

    @property
    def value(self) -> float:
        """The share; NaN of nothing."""
        return self.n_hits / self.n if self.n else math.nan

    @property
    def interval(self) -> tuple[float, float]:
        """The 95 % interval of Wilson [1]_; (0, 1) of nothing.

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
    """Pair true sources with found ones, one to one, nearest first come first served.

    Parameters
    ----------
    truth_xy : (n_truth, 2) array_like
        Positions in pixels.
    found_xy : (n_found, 2) array_like
        Positions in pixels.
    order : (n_truth,) array_like
        The true sources choose in ascending order of this: their magnitudes.
    radius : float
        The largest distance of a pair, in pixels.

    Returns
    -------
    (n_truth,) ndarray of int64
        The index of each true source's partner, or ``UNMATCHED``.
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
    """Count hits in bins.

    Parameters
    ----------
    hits : (n,) ndarray of bool
        Whether each source counts as a hit.
    values : (n,) array_like
        What the sources are sorted into bins by.
    edges : sequence of float
        Ascending edges; a bin holds its lower edge and not its upper one.

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
    """Count classes found (columns) of true classes (rows), both in a fixed order.

    Parameters
    ----------
    truth, found : sequence of str
        The classes of the same sources.
    labels : sequence of str
        All classes, in order.

    Returns
    -------
    (n_labels, n_labels) ndarray of int64
        The counts.
    """
    table = np.zeros((len(labels), len(labels)), dtype=np.int64)
    for true, given in zip(truth, found, strict=True):
        table[labels.index(true), labels.index(given)] += 1
    return table
