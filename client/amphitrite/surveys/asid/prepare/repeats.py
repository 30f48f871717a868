"""Photons that occur more than once: in several event lists, or in one.

A download may overlap an older one, and a list may have been joined from such.  The
same photon has the same time, run and event number; where a file lacks these numbers,
energy and position stand for them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from amphitrite.errors import BadInput
from amphitrite.surveys.asid.prepare.event_table import EventList

_NUMBERS: Final = ("run", "event")
# Odd numbers without structure, so that sums of their multiples hardly ever agree.
_FACTORS: Final = np.array(
    [0x9E3779B97F4A7C15, 0xD6E8FEB86659FD93, 0xC2B2AE3D27D4EB4F, 0xFF51AFD7ED558CCD],
    np.uint64,
)


def check_comparable(lists: Sequence[EventList]) -> None:
    """Refuse several event lists if photons that they share cannot be found.

    Raises
    ------
    BadInput
        One of them has no column TIME, or their angles are of two frames and their
        photons without numbers.
    """
    first, *others = lists
    for other in others:
        if not has_times([first, other]):
            lacking = "a column TIME"
        elif first.galactic != other.galactic and not has_numbers(lists):
            lacking = "columns RUN_ID and EVENT_ID, or angles of the same frame"
        else:
            continue
        raise BadInput(
            f"{first.path} and {other.path} do not both have {lacking}, so that "
            "photons which they share would count twice.\nGive files as the "
            "mission's tools write them, or one file that holds each photon once."
        )


def has_times(lists: Sequence[EventList]) -> bool:
    """Return whether all event lists have the times of their photons."""
    return all("time" in (events.row.names or ()) for events in lists)


def has_numbers(lists: Sequence[EventList]) -> bool:
    """Return whether all event lists have run and event numbers."""
    return all(set(_NUMBERS) <= set(events.row.names or ()) for events in lists)


def stretches(time: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return the stretches in which time rises from row to row.

    Parameters
    ----------
    time : (n,) ndarray
        Times of consecutive rows.

    Returns
    -------
    (2, m) ndarray of float64
        First and last time of each stretch.
    """
    falls = np.flatnonzero(~(time[1:] > time[:-1]))
    first = np.concatenate([[0], falls + 1]) if len(time) else falls
    last = np.concatenate([falls, [len(time) - 1]]) if len(time) else falls
    return np.asarray([time[first], time[last]], np.float64)


def overlap(found: NDArray[np.float64]) -> bool:
    """Return whether any two stretches of time, (2, m), have a time in common."""
    first, last = found[:, np.argsort(found[0], kind="stable")]
    # negated, so that a time which is NaN counts as one in common
    return not bool((first[1:] > np.maximum.accumulate(last)[:-1]).all())


def keys(rows: NDArray[np.void], *, mev: float, numbered: bool) -> NDArray[np.uint64]:
    """Return numbers that are equal for the same photon.

    Parameters
    ----------
    rows : (n,) structured ndarray
        With the field ``time``, and those that tell photons apart.
    mev : float
        The unit of the energies in MeV.
    numbered : bool
        Whether to tell photons by run and event number, besides the time; else by
        energy and position.

    Returns
    -------
    (n,) ndarray of uint64
        Two photons have the same one by chance with a probability of 2^-64.
    """
    if numbered:
        parts = [rows[name].astype(np.int64) for name in _NUMBERS]
    else:
        # float32 in most files; the energies in MeV, since units may differ
        parts = [
            np.asarray(values, np.float32).astype(np.float64)
            for values in (rows["energy"] * mev, rows["lon"], rows["lat"])
        ]
    total = np.zeros(len(rows), np.uint64)
    for factor, part in zip(
        _FACTORS, [rows["time"].astype(np.float64), *parts], strict=False
    ):
        total += part.view(np.uint64) * factor
    return total


def repeated(
    found: NDArray[np.uint64],
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the photons that have occurred before.

    Parameters
    ----------
    found : (n,) ndarray of uint64
        What `keys` returns.

    Returns
    -------
    again : (m,) ndarray of int64
        Indices of photons with an equal one before them.
    before : (m,) ndarray of int64
        Indices of those.
    """
    ordered = np.sort(found)
    if not (ordered[1:] == ordered[:-1]).any():  # sorting alone is much faster
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    order = np.argsort(found, kind="stable")
    same = np.flatnonzero(found[order][1:] == found[order][:-1])
    return order[same + 1], order[same]
