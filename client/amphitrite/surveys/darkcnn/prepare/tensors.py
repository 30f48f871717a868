"""What the network is given of a cluster: maps on its grid, and attributes."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from amphitrite.errors import BadInput
from amphitrite.files.choices import Choices
from amphitrite.surveys.darkcnn.page import (
    APERTURE_KPC,
    ATTRIBUTES,
    CHANNELS,
    PIXEL_KPC,
    PIXELS,
    REDSHIFT,
    REDSHIFTS,
    SOURCE_REDSHIFT,
    TOTAL,
)
from amphitrite.surveys.darkcnn.prepare import units
from amphitrite.surveys.darkcnn.prepare.centring import Place, centre_of, peak_distance
from amphitrite.surveys.darkcnn.prepare.cluster import Cluster, Map, Said
from amphitrite.surveys.darkcnn.prepare.masses import (
    aperture_mean,
    check_total,
    mass_within,
)
from amphitrite.surveys.darkcnn.prepare.missing import filled
from amphitrite.surveys.darkcnn.prepare.reading import Reading
from amphitrite.surveys.darkcnn.prepare.resampling import resampled

logger = logging.getLogger(__name__)

REDSHIFT_OUTSIDE: Final = "redshift_outside"
"""The redshift is none of those of the simulated clusters."""
RELATIVE: Final = "relative"
"""The map of all mass has no unit: it is over its own maximum."""
COARSE: Final = "coarse"
"""A pixel of the file is longer than 1.5 pixels of the network."""
GAPS: Final = "gaps"
"""Part of the map of all mass is missing."""
OFF_CENTRE: Final = "off_centre"
"""The peak of all mass lies more than 100 kpc from the centre."""

_OFF_KPC: Final = 100.0
_COARSE_KPC: Final = 1.5 * PIXEL_KPC


@dataclass(frozen=True)
class Prepared:
    """A cluster as the network is given it.

    Parameters
    ----------
    name : str
        Its identity.
    redshift : float
        Its redshift.
    maps : (100, 100, 3) ndarray of float32
        In (y, x, channel) order.  All mass in
        `amphitrite.surveys.darkcnn.page.DENSITY`, or over its own maximum
        where it has the flag `RELATIVE`; X-rays and stars over their means within
        `APERTURE_KPC`.  0 throughout where a channel is absent; never NaN.
    present : (3,) ndarray of float32
        1 for each channel that is present, else 0.
    attributes : (4,) ndarray of float32
        See `amphitrite.surveys.darkcnn.page.ATTRIBUTES`; 0 where absent.
    attributes_present : (4,) ndarray of float32
        1 for each attribute that is present, else 0.
    mass : float
        Projected mass within `APERTURE_KPC` in Msun; NaN where the map is relative.
    centre : (float, float)
        x and y of the centre in pixels of the file, counted from 0.
    missing : mapping of str to float
        Share of each present channel that was missing.
    flags : tuple of str
        Of `REDSHIFT_OUTSIDE`, `RELATIVE`, `COARSE`, `GAPS` and `OFF_CENTRE`.
    others : mapping of str to str, int or float
        What else the file says of it.
    """

    name: str
    redshift: float
    maps: NDArray[np.float32]
    present: NDArray[np.float32]
    attributes: NDArray[np.float32]
    attributes_present: NDArray[np.float32]
    mass: float
    centre: Place
    missing: Mapping[str, float]
    flags: tuple[str, ...]
    others: Mapping[str, Said]


def prepared(cluster: Cluster, reading: Reading, choices: Choices) -> Prepared:
    """Return a cluster as the network is given it.

    Parameters
    ----------
    cluster : Cluster
        Its maps.
    reading : Reading
        Of which the centre is used here.
    choices : Choices
        Told of channels that are left out, of the redshift of the sources, and of what
        `amphitrite.surveys.darkcnn.prepare.centring.centre_of` chooses: what holds for
        many clusters alike, once.

    Raises
    ------
    BadInput
        The map of all mass has no unit, is empty, has too many gaps, or a mass that is
        negative or none of a cluster; or the centre or redshifts cannot be used.
    """
    factor, relative = _factor(cluster, choices)
    check_total(cluster, relative=relative)
    centre = centre_of(cluster, reading.centre, choices)
    total, share = _on_grid(cluster, TOTAL, centre)
    # what was over the maximum in the file is not quite so on another grid
    total *= 1 / total.max() if relative else factor
    mass = mass_within(aperture_mean(total), cluster, relative=relative)
    found = {TOTAL: total}
    missing = {TOTAL: share}
    for channel in cluster.maps:
        if channel == TOTAL:
            continue
        try:
            found[channel], missing[channel] = _scaled(cluster, channel, centre)
        except BadInput as error:
            logger.warning("left out: %s", error)
            choices.say(
                f"maps of {channel} that cannot be used are left out, and the clusters "
                "judged without them"
            )
    maps = np.zeros((PIXELS, PIXELS, len(CHANNELS)), np.float32)
    for channel, values in found.items():
        maps[..., CHANNELS.index(channel)] = values
    attributes, known = _attributes(cluster)
    return Prepared(
        name=cluster.name,
        redshift=cluster.redshift,
        maps=maps,
        present=np.array([key in found for key in CHANNELS], np.float32),
        attributes=attributes,
        attributes_present=known,
        mass=mass,
        centre=centre,
        missing=missing,
        flags=_flags(
            cluster,
            relative=relative,
            gaps=share > 0,
            off_centre=peak_distance(cluster, centre) > _OFF_KPC,
        ),
        others=cluster.others,
    )


def _factor(cluster: Cluster, choices: Choices) -> tuple[float, bool]:
    """Return what brings all mass into `DENSITY`, and whether nothing can."""
    unit = units.parse(cluster.unit, cluster.name)
    # astropy would look for units that are spelled alike, for 20 ms each time
    word = unit if isinstance(unit, str) else ""
    source = cluster.source_redshift
    if source is None:
        source = SOURCE_REDSHIFT
        if word == units.KAPPA:
            choices.say(
                "convergence is taken to hold for sources at redshift "
                f"{SOURCE_REDSHIFT:g}; if that is wrong, give --z-source"
            )
    return units.factor(unit, cluster.redshift, source), word == units.MAXIMUM


def _on_grid(cluster: Cluster, channel: str, centre: Place) -> tuple[Map, float]:
    """Return a channel on the network's grid, and the share of it that was missing."""
    values = resampled(cluster.maps[channel], cluster.pixel_kpc, centre)
    return filled(values, f"the map of {channel} of {cluster.name}")


def _scaled(cluster: Cluster, channel: str, centre: Place) -> tuple[Map, float]:
    """Return X-rays or stars over their mean, and the share that was missing."""
    values, share = _on_grid(cluster, channel, centre)
    mean = aperture_mean(values)
    if not mean > 0:
        raise BadInput(
            f"the map of {channel} of {cluster.name} is not above 0 within "
            f"{APERTURE_KPC:g} kpc"
        )
    return values / mean, share


def _attributes(
    cluster: Cluster,
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the attributes, 0 where they are absent, and which are present."""
    known = {**cluster.attributes, REDSHIFT: cluster.redshift}
    return (
        np.array([known.get(name, 0.0) for name in ATTRIBUTES], np.float32),
        np.array([name in known for name in ATTRIBUTES], np.float32),
    )


def _flags(
    cluster: Cluster, *, relative: bool, gaps: bool, off_centre: bool
) -> tuple[str, ...]:
    """Return what is remarkable about a cluster."""
    found = {
        REDSHIFT_OUTSIDE: not REDSHIFTS[0] <= cluster.redshift <= REDSHIFTS[1],
        RELATIVE: relative,
        COARSE: max(cluster.pixel_kpc) > _COARSE_KPC,
        GAPS: gaps,
        OFF_CENTRE: off_centre,
    }
    return tuple(flag for flag, holds in found.items() if holds)
