"""The photons of event lists that are selected: by energy and by zenith angle.

Threads work on blocks of rows, each of which gives the directions and bands of its
photons, and statistics that are combined over blocks.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Final

import numpy as np
from astropy.coordinates import ICRS
from numpy.typing import NDArray

from amphitrite.surveys.asid.bands import BANDS
from amphitrite.surveys.asid.prepare import occupancy, repeats
from amphitrite.surveys.asid.prepare.coverage import Channel
from amphitrite.surveys.asid.prepare.event_rows import blocks
from amphitrite.surveys.asid.prepare.event_table import EventList
from amphitrite.surveys.asid.prepare.footprints import to_galactic
from amphitrite.surveys.asid.prepare.patches import unit_vectors

_NO_BAND: Final = 255
_THREADS: Final = 2  # numpy releases the lock of Python; more would only take memory


@dataclass(frozen=True)
class Block:
    """The photons of a block of rows, and statistics that are combined over blocks.

    Parameters
    ----------
    number : int
        Place of the list among all lists.
    vectors : (n, 3) ndarray of float32
        Galactic unit vectors of the photons in a band.
    bands : (n,) ndarray of uint8
        Indices of their bands.
    keys : (n,) ndarray of uint64 or None
        See `amphitrite.surveys.asid.prepare.repeats.keys`; None if not asked for, or
        without times.
    stretches : (2, m) ndarray of float64
        Of the times of all rows; see `amphitrite.surveys.asid.prepare.repeats`.
    low, high : float
        Lowest and highest energy of all rows in MeV; infinite if there is none.
    n_stray : int
        Number of rows outside the stated energy limits.
    n_limb : int
        Number of rows that are left out for their zenith angle; these are in no other
        statistic but `n_rows`.
    n_rows : int
        Number of rows.
    occupied : ndarray of int64 or None
        Rows in each cell of the sky (see `occupancy.count`); None if the cuts state
        the region.
    """

    number: int
    vectors: NDArray[np.float32]
    bands: NDArray[np.uint8]
    keys: NDArray[np.uint64] | None
    stretches: NDArray[np.float64]
    low: float
    high: float
    n_stray: int
    n_limb: int
    n_rows: int
    occupied: NDArray[np.int64] | None


def selected(lists: Sequence[EventList], *, keyed: bool) -> Iterator[Block]:
    """Yield the blocks of all lists in order, while threads work on the next ones.

    Parameters
    ----------
    lists : sequence of EventList
        The lists.
    keyed : bool
        Whether to find the photons' keys.
    """
    timed = repeats.has_times(lists)
    tell = partial(repeats.keys, numbered=repeats.has_numbers(lists))
    with ThreadPoolExecutor(_THREADS) as pool:
        ahead: deque[Future[Block]] = deque()
        for number, events in enumerate(lists):
            rotation = None if events.galactic else to_galactic(ICRS()).T
            select = partial(
                _select,
                number=number,
                events=events,
                rotation=rotation,
                timed=timed,
                tell=tell if keyed and timed else None,
            )
            for rows in blocks(events):
                ahead.append(pool.submit(select, rows))
                if len(ahead) > _THREADS:
                    yield ahead.popleft().result()
        while ahead:
            yield ahead.popleft().result()


def _select(
    rows: NDArray[np.void],
    *,
    number: int,
    events: EventList,
    rotation: NDArray[np.float64] | None,
    timed: bool,
    tell: Callable[..., NDArray[np.uint64]] | None,
) -> Block:
    n_rows = len(rows)
    if events.zenith is not None:
        rows = rows[rows["zenith"] <= events.zenith]
    energy = rows["energy"].astype(np.float64) * events.mev
    band, n_stray = _bands(energy, events.cuts.energies)
    inside = band != _NO_BAND
    vectors = directions(rows, degrees=events.degrees, rotation=rotation)
    time = rows["time"].astype(np.float64) if timed else np.zeros(0)
    return Block(
        number,
        vectors[inside],
        band[inside],
        keys=None if tell is None else tell(rows, mev=events.mev)[inside],
        stretches=repeats.stretches(time),
        low=float(energy.min(initial=np.inf)),
        high=float(energy.max(initial=-np.inf)),
        n_stray=n_stray,
        n_limb=n_rows - len(rows),
        n_rows=n_rows,
        occupied=None if events.cuts.cones else occupancy.count(vectors),
    )


def directions(
    rows: NDArray[np.void],
    *,
    degrees: float = 1.0,
    rotation: NDArray[np.float64] | None = None,
) -> NDArray[np.float32]:
    """Return the Galactic unit vectors of rows of an event list.

    Parameters
    ----------
    rows : (n,) structured ndarray
        With the fields ``lon`` and ``lat``; the calculation has their precision.
    degrees : float
        The unit of the angles in deg.
    rotation : (3, 3) ndarray, optional
        Turns vectors of the rows' frame into Galactic ones: ``vector @ rotation``.

    Returns
    -------
    (n, 3) ndarray of float32
    """
    lon, lat = (
        rows[name].astype(rows.dtype[name].newbyteorder("=")) for name in ("lon", "lat")
    )
    if degrees != 1.0:
        lon, lat = lon * degrees, lat * degrees
    vectors = unit_vectors(lon, lat)
    if rotation is not None:
        vectors = vectors @ rotation
    return vectors.astype(np.float32)


def _bands(
    energy: NDArray[np.float64], limits: Sequence[Channel] | None
) -> tuple[NDArray[np.uint8], int]:
    """Return each photon's band, and the number outside the stated limits."""
    rising = sorted(range(len(BANDS)), key=lambda index: BANDS[index].low)
    edges = [BANDS[rising[0]].low, *(BANDS[index].high for index in rising)]
    # The bands adjoin without gaps, so that each edge is the end of one of them.
    table = np.array([_NO_BAND, *rising, _NO_BAND], dtype=np.uint8)
    band = table[np.searchsorted(edges, energy, side="right")]
    if limits is None:
        return band, 0
    stated = np.zeros(len(energy), dtype=bool)
    for channel in limits:
        # Energies are float32 in the file; a photon on the limit is inside.
        stated |= (energy >= channel.low * (1 - 1e-6)) & (
            energy <= channel.high * (1 + 1e-6)
        )
    band[~stated] = _NO_BAND
    return band, len(stated) - int(np.count_nonzero(stated))
