"""A cluster of galaxies as a file gives it: maps on one grid, and what is said of them.

Every reader gives these, whatever the format of its files.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from amphitrite.errors import BadInput
from amphitrite.surveys.darkcnn.page import (
    ATTRIBUTES,
    CHANNELS,
    CONCENTRATION,
    ELLIPTICITY,
    LOG_MASS,
    REDSHIFT,
    TOTAL,
)

Map = NDArray[np.float64]
Said = str | int | float

LEAST_PIXELS: Final = 8
"""Pixels along each side of the smallest map that is read."""
MOST_PIXELS: Final = 100_000_000
"""Pixels of the largest map that is read, 10,000 on each side."""

_RANGES: Final = {
    LOG_MASS: (12.0, 17.0),
    CONCENTRATION: (0.0, 1.0),
    ELLIPTICITY: (0.0, 1.0),
}


@dataclass(frozen=True)
class Cluster:
    """The maps of a cluster.

    Parameters
    ----------
    name : str
        Its identity, as the file has it.
    maps : mapping of str to (ny, nx) ndarray of float64
        By channel, that of all mass among them, all on one grid.  NaN where masked or
        missing; infinities have become NaN.
    unit : str
        Unit of the map of all mass, as the file or the user writes it; empty if neither
        does.
    pixel_kpc : (float, float)
        Height and width of a pixel in proper kpc at the cluster.
    redshift : float
        Of the cluster.
    source_redshift : float or None
        Of the galaxies behind, for which a convergence holds; None if nobody says it.
    attributes : mapping of str to float
        Those of `amphitrite.surveys.darkcnn.page.ATTRIBUTES` that are known, besides
        the redshift.
    bcg : (float, float) or None
        x and y of the brightest galaxy in pixels, counted from 0.
    others : mapping of str to str, int or float
        What else the file says of it, such as the simulation it comes from.

    Raises
    ------
    BadInput
        There is no map of all mass, an unknown channel, or maps of other sizes.
    """

    name: str
    maps: Mapping[str, Map]
    unit: str
    pixel_kpc: tuple[float, float]
    redshift: float
    source_redshift: float | None
    attributes: Mapping[str, float] = field(default_factory=dict)
    bcg: tuple[float, float] | None = None
    others: Mapping[str, Said] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if TOTAL not in self.maps or set(self.maps) - set(CHANNELS):
            raise BadInput(
                f"{self.name} must have a map of all mass ({TOTAL}), and maps of "
                f"{', '.join(CHANNELS)} only; received {', '.join(self.maps) or 'none'}"
            )
        shapes = {values.shape for values in self.maps.values()}
        if len(shapes) > 1:
            raise BadInput(
                f"the maps of {self.name} differ in shape: "
                f"{', '.join(map(str, sorted(shapes)))}; resample them to one grid"
            )
        check_shape(next(iter(shapes)), self.name)


@dataclass(frozen=True)
class Source:
    """The clusters of a file, each of which is made when it is asked for.

    Parameters
    ----------
    path : Path
        The file.
    n : int
        Number of clusters.
    cluster : callable
        Returns the cluster of a number from 0 on, and raises BadInput where what the
        file holds of it cannot be used.
    """

    path: Path
    n: int
    cluster: Callable[[int], Cluster]


def check_shape(shape: Sequence[int], name: str) -> None:
    """Refuse what is no map, or one of a size that none has.

    Parameters
    ----------
    shape : sequence of int
        The shape of one channel.
    name : str
        The cluster or the file.

    Raises
    ------
    BadInput
        It has not two axes, fewer than `LEAST_PIXELS` along one or more than
        `MOST_PIXELS` in all.
    """
    if len(shape) != 2 or min(shape) < LEAST_PIXELS or math.prod(shape) > MOST_PIXELS:
        raise BadInput(
            f"the map of {name} has shape {tuple(shape)}; needed are two axes of "
            f"{LEAST_PIXELS} pixels at least, and {MOST_PIXELS:,} pixels at most in all"
        )


def map_of(values: Any, masked: Any = None) -> Map:
    """Return pixels as float64, NaN where they are infinite or masked.

    Parameters
    ----------
    values : (ny, nx) array of numbers
        The pixels.
    masked : (ny, nx) array, optional
        Other than 0 where a pixel is to be left out.
    """
    found = np.array(values, np.float64)
    found[~np.isfinite(found)] = np.nan
    if masked is not None:
        found[np.asarray(masked) != 0] = np.nan
    return found


def attributes_of(stated: Mapping[str, float]) -> dict[str, float]:
    """Return those attributes that are known and possible.

    Parameters
    ----------
    stated : mapping of str to float
        By the names of `amphitrite.surveys.darkcnn.page.ATTRIBUTES`.  The redshift, NaN
        and numbers that cannot be (log10 of M200 beyond 12 to 17, a ratio beyond 0 to
        1) are left out.
    """
    return {
        name: float(stated[name])
        for name in ATTRIBUTES
        if name != REDSHIFT
        and name in stated
        and _RANGES[name][0] <= stated[name] <= _RANGES[name][1]
    }
