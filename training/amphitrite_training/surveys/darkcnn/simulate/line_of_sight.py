"""What else lies on the line of sight, within the depth of `HALF_DEPTH_KPC`.

Three groups on average, of 5e12 Msun and more, and a sheet of a filament, 1.5e6
Msun/kpc2 with a gradient; their numbers are assumptions.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from amphitrite.surveys.darkcnn.page import PIXEL_KPC, PIXELS
from amphitrite_training.surveys.darkcnn.simulate import painting
from amphitrite_training.surveys.darkcnn.simulate.grid import offsets_kpc

GROUP_REACH_KPC: Final = 900.0


@dataclass(frozen=True)
class Group:
    """A group of galaxies in front of the cluster or behind it.

    Parameters
    ----------
    mass : float
        In Msun.
    x, y : float
        From the centre of the map in kpc.
    scale_kpc : float
        Its size.
    """

    mass: float
    x: float
    y: float
    scale_kpc: float


@dataclass(frozen=True)
class Surroundings:
    """What else is on the line of sight.

    Parameters
    ----------
    groups : tuple of Group
    sheet : float
        Surface density of a sheet in Msun/kpc2.
    gradient : tuple of float
        Of ln of the sheet along x and y, over the width of the map.
    """

    groups: tuple[Group, ...]
    sheet: float
    gradient: tuple[float, float]


def draw_surroundings(rng: np.random.Generator) -> Surroundings:
    """Return random surroundings."""
    groups = tuple(
        Group(
            float(10 ** (12.7 + rng.exponential(0.35))),
            *map(float, rng.uniform(-1100, 1100, 2)),
            float(rng.uniform(60, 200)),
        )
        for _ in range(rng.poisson(3.0))
    )
    sheet = rng.lognormal(math.log(1.5e6), 0.6)
    x, y = rng.normal(0, 0.4, 2)
    return Surroundings(groups, float(sheet), (float(x), float(y)))


def surface_density(surroundings: Surroundings) -> NDArray[np.float64]:
    """Return the map of the surroundings, (ny, nx) float64 in Msun/kpc2."""
    along_x, along_y = surroundings.gradient
    place = offsets_kpc() / (PIXELS * PIXEL_KPC)
    image = surroundings.sheet * np.exp(along_y * place[:, None] + along_x * place)
    for group in surroundings.groups:
        painting.add_clump(
            image, group.mass, group.scale_kpc, (group.x, group.y), GROUP_REACH_KPC
        )
    return image
