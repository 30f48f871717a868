"""Event lists of the Fermi mission: one row per photon (FT1 files).

Only photons in an energy band are kept, each as a direction and the index of its band.
`amphitrite.surveys.asid.prepare.event_table` reads the rows.
Format: https://fermi.gsfc.nasa.gov/ssc/data/analysis/documentation/Cicerone/
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

import numpy as np
from astropy.coordinates import ICRS
from numpy.typing import NDArray

from amphitrite.errors import BadInput
from amphitrite.surveys.asid.bands import BANDS
from amphitrite.surveys.asid.prepare import occupancy
from amphitrite.surveys.asid.prepare.coverage import Channel, coverage
from amphitrite.surveys.asid.prepare.cuts import Cone
from amphitrite.surveys.asid.prepare.event_table import EventList, blocks
from amphitrite.surveys.asid.prepare.footprints import (
    Circle,
    Overlap,
    WholeSky,
    to_galactic,
)
from amphitrite.surveys.asid.prepare.patches import angles, unit_vectors
from amphitrite.surveys.asid.prepare.photons import Footprint, Photons, check_usable

logger = logging.getLogger(__name__)

_NO_BAND: Final = 255
_THREADS: Final = 2  # numpy releases the lock of Python; more would only take memory


def check_same_cuts(lists: Sequence[EventList]) -> None:
    """Refuse event lists that were selected with different cuts.

    Raises
    ------
    BadInput
        Two lists differ; the message has the files and their cuts.
    """
    first, *others = lists
    for other in others:
        if other.cuts != first.cuts:
            raise BadInput(
                f"{first.path} and {other.path} were selected differently, so that "
                "their photons cannot be counted together (mixed exposures). Received\n"
                f"  {first.path}: {first.cuts}\n  {other.path}: {other.cuts}\n"
                "Select both with the same cuts (times may differ), or run them apart."
            )


def read(
    lists: Sequence[EventList], *, advance: Callable[[int], None] = lambda rows: None
) -> Photons:
    """Return the photons of event lists.

    Parameters
    ----------
    lists : sequence of EventList
        One or more lists with the same cuts (see `check_same_cuts`).
    advance : callable
        Called after each block with its number of rows.

    Returns
    -------
    Photons
        Without a cut on position, the footprint is the region that the photons fill;
        without a cut on energy, the limits are the lowest and highest energy.  A
        warning is logged in both cases.

    Raises
    ------
    BadInput
        A value is NaN, infinite or an impossible latitude, a file is truncated, the
        energy limits cannot be found, or no band is usable.
    """
    cuts = lists[0].cuts
    n_rows = sum(events.n_rows for events in lists)
    # The system provides memory only for the parts that are written.
    vectors = np.empty((n_rows, 3), dtype=np.float32)
    bands = np.empty(n_rows, dtype=np.uint8)
    occupied = np.zeros(12 * occupancy.FINEST_NSIDE**2, dtype=np.int64)
    low, high, n_kept, n_stray = np.inf, -np.inf, 0, 0
    for block in _selected(lists):
        low, high = min(low, block.low), max(high, block.high)
        n_stray += block.n_stray
        if block.occupied is not None:
            occupied += block.occupied
        after = n_kept + len(block.bands)
        vectors[n_kept:after], bands[n_kept:after] = block.vectors, block.bands
        n_kept = after
        advance(block.n_rows)
    vectors, bands = vectors[:n_kept], bands[:n_kept]
    energies = cuts.energies or _limits_of_photons(lists, low, high)
    usable = coverage(channels(energies))
    check_usable(usable, energies)
    keep = np.isin(bands, [BANDS.index(band) for band in usable])
    if not keep.all():
        vectors, bands = vectors[keep], bands[keep]
    if n_stray:
        logger.warning(
            "%s: %d of %d photons are outside the energy limits that the DSS keywords "
            "state; they are left out",
            _names(lists),
            n_stray,
            n_rows,
        )
    return Photons(
        vectors=vectors,
        bands=bands,
        coverage=usable,
        footprint=_circles(cuts.cones) if cuts.cones else _filled(occupied, lists),
        n_outside=n_rows - len(bands),
    )


@dataclass(frozen=True)
class _Block:
    """The photons of a block of rows, and statistics that are combined over blocks.

    Parameters
    ----------
    vectors : (n, 3) ndarray of float32
        Galactic unit vectors of the photons in a band.
    bands : (n,) ndarray of uint8
        Indices of their bands.
    low, high : float
        Lowest and highest energy of all rows in MeV.
    n_stray : int
        Number of rows outside the stated energy limits.
    n_rows : int
        Number of rows.
    occupied : ndarray of int64 or None
        Rows in each cell of the sky (see `occupancy.count`); None if the cuts state
        the region.
    """

    vectors: NDArray[np.float32]
    bands: NDArray[np.uint8]
    low: float
    high: float
    n_stray: int
    n_rows: int
    occupied: NDArray[np.int64] | None


def _selected(lists: Sequence[EventList]) -> Iterator[_Block]:
    """Yield the blocks of all lists in order, while threads work on the next ones."""
    with ThreadPoolExecutor(_THREADS) as pool:
        ahead: deque[Future[_Block]] = deque()
        for events in lists:
            rotation = None if events.galactic else to_galactic(ICRS()).T
            for rows in blocks(events):
                ahead.append(pool.submit(_select, rows, events, rotation))
                if len(ahead) > _THREADS:
                    yield ahead.popleft().result()
        while ahead:
            yield ahead.popleft().result()


def _select(
    rows: NDArray[np.void], events: EventList, rotation: NDArray[np.float64] | None
) -> _Block:
    energy = rows["energy"].astype(np.float64) * events.mev
    band, n_stray = _bands(energy, events.cuts.energies)
    inside = band != _NO_BAND
    vectors = directions(rows, degrees=events.degrees, rotation=rotation)
    return _Block(
        vectors[inside],
        band[inside],
        low=float(energy.min()),
        high=float(energy.max()),
        n_stray=n_stray,
        n_rows=len(rows),
        occupied=None if events.cuts.cones else occupancy.count(vectors),
    )


def channels(energies: Sequence[Channel]) -> list[Channel]:
    """Return energy ranges, cut at the limits of the bands.

    Parameters
    ----------
    energies : sequence of Channel
        Disjoint ranges in MeV.

    Returns
    -------
    list of Channel
        The parts that lie in a band, in MeV.
    """
    parts = (
        Channel(max(energy.low, band.low), min(energy.high, band.high))
        for energy in energies
        for band in BANDS
    )
    return [part for part in parts if part.low < part.high]


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


def _limits_of_photons(
    lists: Sequence[EventList], low: float, high: float
) -> tuple[Channel, ...]:
    """Return the photons' energy limits in MeV, and log that they are inferred."""
    names = _names(lists)
    if not low < high:
        raise BadInput(
            f"{names}: no ENERGY cut in the DSS keywords and too few photons to tell "
            "which energies were selected.\nAdd the keywords DSTYP1 = 'ENERGY', "
            "DSUNI1 = 'MeV', DSVAL1 = 'low:high' to the EVENTS table."
        )
    logger.warning(
        "%s: no ENERGY cut in the DSS keywords; the limits are taken to be the lowest "
        "and the highest energy, %.4g and %.4g MeV",
        names,
        low,
        high,
    )
    return (Channel(low, high),)


def _circles(cones: Sequence[Cone]) -> Footprint:
    """Return the footprint of the position cuts."""
    circles: list[Footprint] = []
    rotation = to_galactic(ICRS())
    for cone in cones:
        if cone.radius < 180:
            vector = rotation @ unit_vectors(np.array(cone.ra), np.array(cone.dec))
            lon, lat = angles(vector)
            circles.append(Circle(float(lon), float(lat), cone.radius))
    if len(circles) > 1:
        return Overlap(tuple(circles))
    return circles[0] if circles else WholeSky()


def _filled(counts: NDArray[np.int64], lists: Sequence[EventList]) -> Footprint:
    """Return the footprint that the photons fill, and log that it is inferred."""
    footprint = occupancy.footprint(counts)
    share = 1.0 if isinstance(footprint, WholeSky) else footprint.cells.mean()
    logger.warning(
        "%s: no position cut in the DSS keywords; from where the photons are, %.3g %% "
        "of the sky was selected",
        _names(lists),
        100 * share,
    )
    return footprint


def _names(lists: Sequence[EventList]) -> str:
    """Return the name of the first file and the number of further ones."""
    more = f" and {len(lists) - 1} more" if len(lists) > 1 else ""
    return f"{lists[0].path}{more}"
