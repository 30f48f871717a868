"""The photons of event lists, joined, each once."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from amphitrite.surveys.asid.prepare import occupancy, repeats
from amphitrite.surveys.asid.prepare.event_table import EventList
from amphitrite.surveys.asid.prepare.selection import selected

logger = logging.getLogger(__name__)

# Of more rows, keys are found only if times are out of order, which is rare.
_FEW: Final = 1_000_000


@dataclass(frozen=True)
class Gathered:
    """The photons of event lists that are in a band, and statistics of all rows.

    Parameters
    ----------
    vectors : (n, 3) ndarray of float32
        Galactic unit vectors of the photons.
    bands : (n,) ndarray of uint8
        Indices of their bands.
    again : (m,) ndarray of int64
        Indices of the photons that have occurred before.
    low, high : float
        Lowest and highest energy of all rows in MeV.
    n_stray : int
        Number of rows outside the stated energy limits.
    n_limb : int
        Number of rows left out for their zenith angle.
    occupied : ndarray of int64
        Rows in each cell of the sky, see `occupancy.count`; 0 if the cuts state the
        region.
    """

    vectors: NDArray[np.float32]
    bands: NDArray[np.uint8]
    again: NDArray[np.int64]
    low: float
    high: float
    n_stray: int
    n_limb: int
    occupied: NDArray[np.int64]


def gather(lists: Sequence[EventList], advance: Callable[[int], None]) -> Gathered:
    """Return the photons of event lists; a warning is logged if some occur again.

    Parameters
    ----------
    lists : sequence of EventList
        One or more lists.
    advance : callable
        Called after each block with its number of rows.

    Raises
    ------
    BadInput
        Photons that several lists share cannot be found, a value is NaN, infinite or
        an impossible latitude, or a file is truncated.
    """
    repeats.check_comparable(lists)
    keyed = sum(events.n_rows for events in lists) <= _FEW
    found, keys, ends, stretches = _joined(lists, advance, keyed=keyed)
    if not repeats.overlap(np.hstack(stretches)):
        return found
    if not keyed:
        found, keys, _, _ = _joined(lists, lambda rows: None, keyed=True)
    again, before = repeats.repeated(keys)
    if len(again):
        pairs = np.searchsorted(ends, [before, again], side="right")
        _report(lists, pairs, stretches)
    return replace(found, again=again)


def _joined(
    lists: Sequence[EventList], advance: Callable[[int], None], *, keyed: bool
) -> tuple[Gathered, NDArray[np.uint64], NDArray[np.int64], list[NDArray[np.float64]]]:
    """Return the photons, their keys, and of each list its end and its stretches."""
    n_rows = sum(events.n_rows for events in lists)
    # The system provides memory only for the parts that are written.
    vectors = np.empty((n_rows, 3), dtype=np.float32)
    bands = np.empty(n_rows, dtype=np.uint8)
    keys = np.empty(n_rows if keyed else 0, dtype=np.uint64)
    occupied = np.zeros(12 * occupancy.FINEST_NSIDE**2, dtype=np.int64)
    low, high, n_kept, n_stray, n_limb = np.inf, -np.inf, 0, 0, 0
    stretches = [[np.zeros((2, 0))] for _ in lists]
    ends = np.zeros(len(lists), dtype=np.int64)
    for block in selected(lists, keyed=keyed):
        low, high = min(low, block.low), max(high, block.high)
        n_stray, n_limb = n_stray + block.n_stray, n_limb + block.n_limb
        if block.occupied is not None:
            occupied += block.occupied
        after = n_kept + len(block.bands)
        vectors[n_kept:after], bands[n_kept:after] = block.vectors, block.bands
        if block.keys is not None:
            keys[n_kept:after] = block.keys
        stretches[block.number].append(block.stretches)
        n_kept = after
        ends[block.number :] = n_kept
        advance(block.n_rows)
    found = Gathered(
        vectors[:n_kept],
        bands[:n_kept],
        again=np.zeros(0, dtype=np.int64),
        low=low,
        high=high,
        n_stray=n_stray,
        n_limb=n_limb,
        occupied=occupied,
    )
    return found, keys[:n_kept], ends, [np.hstack(parts) for parts in stretches]


def _report(
    lists: Sequence[EventList],
    pairs: NDArray[np.int64],
    stretches: Sequence[NDArray[np.float64]],
) -> None:
    """Log which lists, given as (2, m) places among them, have photons in common."""
    kinds = np.unique(pairs.min(axis=0) * len(lists) + pairs.max(axis=0))
    one, other = divmod(int(kinds[0]), len(lists))
    where = f"{lists[one].path} holds some more than once"
    if one != other:
        first, last = _common_time(stretches[one], stretches[other])
        where = (
            f"{lists[one].path} and {lists[other].path} have the time from {first:.0f} "
            f"to {last:.0f} s (mission elapsed time) in common"
        )
    more = f"; and {len(kinds) - 1} more pairs of files" if len(kinds) > 1 else ""
    logger.warning(
        "%d photons occur more than once and are counted once: %s%s",
        *(pairs.shape[1], where, more),
    )


def _common_time(
    one: NDArray[np.float64], other: NDArray[np.float64]
) -> tuple[float, float]:
    """Return the beginning and the end of the time that two lists have in common."""
    finite = [times[np.isfinite(times)] for times in (one, other)]
    first = max(times.min(initial=np.inf) for times in finite)
    last = min(times.max(initial=-np.inf) for times in finite)
    return float(first), float(last)
