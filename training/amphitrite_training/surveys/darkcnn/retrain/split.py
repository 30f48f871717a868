"""Which clusters are trained on, and which are not: whole groups at a time."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

from amphitrite.errors import BadInput

TRAINING: Final = "training"
SHARES: Final = {"test": 0.15, "calibration": 0.15, "validation": 0.1, TRAINING: 0.6}
"""Shares of the groups, in the order of the numbers that their names have."""
LEAST: Final = {"test": 4, "calibration": 4, "validation": 2, TRAINING: 10}
"""Groups that each set must have."""
NEEDED: Final = sum(LEAST.values())
"""Groups of the smallest sample."""


def split(groups: NDArray[np.str_]) -> Mapping[str, NDArray[np.intp]]:
    """Return the clusters of each set.

    A group comes into a set by a number that is made of its name alone, so that it
    stays there when others are added.  Only a set that would have less than `LEAST`
    gets those of the next numbers besides.

    Parameters
    ----------
    groups : (n,) ndarray of str
        The group of each cluster.

    Returns
    -------
    dict of str to ndarray of int
        Numbers of clusters, in their order, by the names of `SHARES`.

    Raises
    ------
    BadInput
        There are fewer groups than `NEEDED`.
    """
    names = sorted(set(groups.tolist()), key=_number)
    if len(names) < NEEDED:
        raise BadInput(
            f"there are {len(names)} groups of maps, and {NEEDED} are needed at least: "
            "a group is never divided, and "
            + ", ".join(f"{n} are for {name}" for name, n in LEAST.items())
            + ". Give more maps, or check --group: all maps of one simulated cluster "
            "are one group, whatever their cross-section and redshift"
        )
    limits = np.cumsum(list(SHARES.values()))
    ends = np.searchsorted([_number(name) for name in names], limits)
    found = {}
    first = 0
    left = NEEDED
    for end, (name, least) in zip(ends, LEAST.items(), strict=True):
        left -= least
        last = min(max(int(end), first + least), len(names) - left)
        if name == TRAINING:
            last = len(names)
        found[name] = np.flatnonzero(np.isin(groups, names[first:last]))
        first = last
    return found


def _number(name: str) -> float:
    """Return a number from 0 to 1 for a name, always the same one."""
    digest = hashlib.sha256(f"darkcnn {name}".encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64
