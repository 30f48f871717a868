"""Event lists of the Fermi mission: one row per photon (FT1 files).

Only photons in an energy band are kept, each as a direction and the index of its band.
`amphitrite.surveys.asid.prepare.event_rows` reads the rows.
Format: https://fermi.gsfc.nasa.gov/ssc/data/analysis/documentation/Cicerone/
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

import numpy as np
from astropy.coordinates import ICRS
from numpy.typing import NDArray

from amphitrite.errors import BadInput
from amphitrite.surveys.asid.bands import BANDS
from amphitrite.surveys.asid.prepare import occupancy
from amphitrite.surveys.asid.prepare.coverage import Channel, coverage
from amphitrite.surveys.asid.prepare.cuts import ADVISED_ZENITH, Cone
from amphitrite.surveys.asid.prepare.event_table import EventList
from amphitrite.surveys.asid.prepare.footprints import (
    Circle,
    Overlap,
    WholeSky,
    to_galactic,
)
from amphitrite.surveys.asid.prepare.gathering import gather
from amphitrite.surveys.asid.prepare.patches import angles, unit_vectors
from amphitrite.surveys.asid.prepare.photons import Footprint, Photons, check_usable

logger = logging.getLogger(__name__)


def check_same_cuts(lists: Sequence[EventList]) -> None:
    """Refuse event lists that were selected with different cuts.

    Raises
    ------
    BadInput
        Two lists differ; the message has the files and their cuts.
    """
    first, *others = lists
    for other in others:
        if (other.zenith is None) != (first.zenith is None):
            without = other if other.zenith is None else first
            raise BadInput(
                f"{first.path} and {other.path} were not selected by zenith angle, and "
                f"{without.path} has no column ZENITH_ANGLE to do it (mixed exposures)."
                "\nSelect both with the same cuts (zmax of gtselect), or run them "
                "apart."
            )
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
        Each counts once, however often it occurs (see
        `amphitrite.surveys.asid.prepare.repeats`).  Without a cut on position, the
        footprint is the region that the photons fill; without a cut on energy, the
        limits are the lowest and highest energy; without a cut on zenith angle,
        photons beyond `ADVISED_ZENITH` are left out.  A warning is logged in all
        these cases.

    Raises
    ------
    BadInput
        A value is NaN, infinite or an impossible latitude, a file is truncated, the
        energy limits cannot be found, no band is usable, or photons that several lists
        share cannot be found.
    """
    cuts = lists[0].cuts
    n_rows = sum(events.n_rows for events in lists)
    found = gather(lists, advance)
    energies = cuts.energies or _limits_of_photons(lists, found.low, found.high)
    usable = coverage(channels(energies))
    check_usable(usable, energies)
    vectors, bands = found.vectors, found.bands
    keep = np.isin(bands, [BANDS.index(band) for band in usable])
    keep[found.again] = False
    if not keep.all():
        vectors, bands = vectors[keep], bands[keep]
    if found.n_stray:
        logger.warning(
            "%s: %d of %d photons are outside the energy limits that the DSS keywords "
            "state; they are left out",
            _names(lists),
            found.n_stray,
            n_rows,
        )
    choices = {"NREPEAT": len(found.again)} if len(found.again) else {}
    return Photons(
        vectors=vectors,
        bands=bands,
        coverage=usable,
        footprint=_circles(cuts.cones)
        if cuts.cones
        else _filled(found.occupied, lists),
        n_outside=n_rows - found.n_limb - len(found.again) - len(bands),
        choices=choices | _zenith_choices(lists, found.n_limb),
    )


def _zenith_choices(lists: Sequence[EventList], n_limb: int) -> dict[str, float]:
    """Return FITS cards on the cut on zenith angle, and log what was cut."""
    if not lists[0].cuts.admits_limb:
        return {}
    if lists[0].zenith is None:
        logger.warning(
            "%s: no cut on zenith angle in the DSS keywords, and no column "
            "ZENITH_ANGLE; photons of the Earth's limb may count (gtselect removes "
            "them with zmax=%g)",
            *(_names(lists), ADVISED_ZENITH),
        )
        return {}
    logger.warning(
        "%s: the DSS keywords do not exclude the Earth's limb; %d photons with zenith "
        "angles above %g deg are left out, as the mission recommends (the exposure "
        "is to be made with the same zmax)",
        *(_names(lists), n_limb, ADVISED_ZENITH),
    )
    return {"ZENMAX": ADVISED_ZENITH, "NZENITH": n_limb}


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
