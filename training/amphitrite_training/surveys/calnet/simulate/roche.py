"""Light curves of binaries whose stars fill, or overfill, their Roche lobes.

The stars are equipotential surfaces of the Roche potential, divided into small
elements.  The ray from each element to the observer is followed through the other star.
The distance of the two centres is 1; star 1 is at the origin, star 2 at x = 1.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq

from amphitrite.errors import BadInput

Floats = NDArray[np.float64]

_RADII: Final = 48
_BISECTIONS: Final = 26
_SAMPLES: Final = 11
_FARTHEST: Final = 0.95
_CLEAR: Final = 0.02
_CONVECTIVE: Final = 0.08  # T ~ g^0.08, Lucy 1967, Zeitschrift f. Astrophysik 65, 89
_LIMB1, _LIMB2 = 0.4, 0.2


@dataclass(frozen=True, kw_only=True)
class Binary:
    """Two tidally distorted stars on a circular orbit.

    Parameters
    ----------
    mass_ratio : float
        Mass of star 2 over that of star 1, 0.01 to 1.
    inclination : float
        Inclination in radians; pi / 2 is edge on.
    temperature_ratio : float
        Temperature of star 2 over that of star 1.
    filling1, filling2 : float
        Extent of each star towards the inner Lagrangian point as a fraction of the
        distance of that point, 0.1 to 1; 1 fills the lobe.
    fillout : float
        Fillout of a contact binary, whose stars both overfill their lobes: 0 just fills
        the lobes, 1 would reach the outer Lagrangian point.

    Raises
    ------
    BadInput
        A value is out of its range, or a contact binary does not fill its lobes.
    """

    mass_ratio: float
    inclination: float
    temperature_ratio: float = 1.0
    filling1: float = 1.0
    filling2: float = 1.0
    fillout: float = 0.0

    def __post_init__(self) -> None:
        for name, low, high in (
            ("mass_ratio", 0.01, 1.0),
            ("filling1", 0.1, 1.0),
            ("filling2", 0.1, 1.0),
            ("fillout", 0.0, 0.99),
        ):
            if not low <= (value := getattr(self, name)) <= high:
                raise BadInput(
                    f"a binary's {name} must be from {low} to {high}; received {value}"
                )
        if self.fillout and min(self.filling1, self.filling2) < 1:
            raise BadInput(
                "only stars that fill their lobes can overfill them; received fillout "
                f"{self.fillout} with filling1 {self.filling1}, filling2 "
                f"{self.filling2}"
            )


@dataclass(frozen=True)
class Rendered:
    """The light curve of a binary over one orbit.

    Parameters
    ----------
    phase : (n,) ndarray
        Phases from 0 to 1, both included; star 2 is nearest to the observer at 0.
    flux : (n,) ndarray
        Flux relative to its highest value.
    hidden : (n,) ndarray
        Fraction of the flux that is hidden by the other star.
    """

    phase: Floats
    flux: Floats
    hidden: Floats


@dataclass(frozen=True)
class _Surface:
    """The elements of one star, in the frame of star 1."""

    points: Floats  # (n, 3)
    normals: Floats  # (n, 3)
    areas: Floats  # (n,)
    gravity: Floats  # (n,)


def potential(x: Floats, y: Floats, z: Floats, mass_ratio: float) -> Floats:
    """Return the Roche potential, which decreases outwards from either star.

    Parameters
    ----------
    x, y, z : (...) ndarray
        Coordinates.
    mass_ratio : float
        Mass of star 2 over that of star 1.

    Returns
    -------
    (...) ndarray
        The potential.

    References
    ----------
    Kopal 1959, Close Binary Systems, chapter III, in the notation of
    Wilson & Devinney 1971, ApJ 166, 605, doi:10.1086/150986.
    """
    rho = y * y + z * z
    return np.asarray(
        1 / np.sqrt(x * x + rho)
        + mass_ratio * (1 / np.sqrt((x - 1) ** 2 + rho) - x)
        + 0.5 * (1 + mass_ratio) * (x * x + y * y)
    )


def inner_point(mass_ratio: float) -> float:
    """Return the distance of the inner Lagrangian point (L1) from star 1."""
    return float(
        brentq(
            lambda x: -1 / x**2 + mass_ratio * (1 / (1 - x) ** 2 - 1)
            + (1 + mass_ratio) * x,
            1e-4,
            1 - 1e-4,
        )
    )  # fmt: skip


def outer_point(mass_ratio: float) -> float:
    """Return the distance of the Lagrangian point behind star 2 (L2) from star 1."""
    return float(
        brentq(
            lambda x: -1 / x**2 - mass_ratio * (1 / (x - 1) ** 2 + 1)
            + (1 + mass_ratio) * x,
            1 + 1e-4,
            2.5,
        )
    )  # fmt: skip


def render(binary: Binary, *, n_rows: int = 24, n_phases: int = 33) -> Rendered:
    """Return the light curve of a binary over one orbit.

    Parameters
    ----------
    binary : Binary
        The binary.
    n_rows : int
        Number of rows of surface elements of each star, along the line of the centres.
    n_phases : int
        Number of phases over half an orbit; the other half is its mirror image.

    Returns
    -------
    Rendered
        The light curve at ``2 n_phases - 1`` phases.

    Notes
    -----
    An element is partly hidden if its ray grazes the other star, so that the light
    curve has no steps.  Elements near the neck of a contact binary that are hidden by
    their own star are not recognised; with fillouts below 0.8 they are few.
    """
    q = binary.mass_ratio
    neck = inner_point(q)
    level1, level2 = _levels(binary, neck)
    star1 = _surface(q, level1, neck, n_rows)
    mirrored = _surface(1 / q, level2 / q + 0.5 * (q - 1) / q, 1 - neck, n_rows)
    star2 = _Surface(
        mirrored.points * [-1, 1, 1] + [1, 0, 0],
        mirrored.normals * [-1, 1, 1],
        mirrored.areas,
        mirrored.gravity,
    )
    phase = np.linspace(0, 0.5, n_phases)
    turn = 2 * np.pi * phase
    sin_i, cos_i = math.sin(binary.inclination), math.cos(binary.inclination)
    towards = np.stack(
        [sin_i * np.cos(turn), -sin_i * np.sin(turn), np.full(n_phases, cos_i)]
    )  # (3, n_phases)
    seen, free = np.zeros(n_phases), np.zeros(n_phases)
    for star, other, level, centre, heat in (
        (star1, star2, level2, 1.0, 1.0),
        (star2, star1, level1, 0.0, binary.temperature_ratio),
    ):
        light = _light(star, towards, heat)
        free += light.sum(axis=0)
        light *= _visible(star, other, towards, light, q, level, centre, neck)
        seen += light.sum(axis=0)
    flux, hidden = seen / seen.max(), 1 - seen / free
    return Rendered(
        np.concatenate([phase, 1 - phase[-2::-1]]),
        np.concatenate([flux, flux[-2::-1]]),
        np.concatenate([hidden, hidden[-2::-1]]),
    )


def _levels(binary: Binary, neck: float) -> tuple[float, float]:
    """Return the potentials of the two surfaces, in the frame of star 1."""
    q = binary.mass_ratio

    def at(x: float) -> float:
        return float(potential(np.array(x), np.zeros(()), np.zeros(()), q))

    if binary.fillout:
        level = at(neck) - binary.fillout * (at(neck) - at(outer_point(q)))
        return level, level
    return at(binary.filling1 * neck), at(1 - binary.filling2 * (1 - neck))


def _directions(n_rows: int) -> tuple[Floats, Floats]:
    """Return unit vectors over the sphere, (n, 3), and their solid angles, (n,)."""
    vectors, solid = [], []
    edges = np.cos(np.linspace(0, np.pi, n_rows + 1))
    for row in range(n_rows):
        theta = (row + 0.5) * np.pi / n_rows
        n = max(6, round(2 * n_rows * math.sin(theta)))
        phi = (np.arange(n) + 0.5) * 2 * np.pi / n
        across = math.sin(theta)
        vectors.append(
            np.stack(
                [
                    np.full(n, math.cos(theta)),
                    across * np.cos(phi),
                    across * np.sin(phi),
                ],
                axis=1,
            )
        )
        solid.append(np.full(n, (edges[row] - edges[row + 1]) * 2 * np.pi / n))
    return np.concatenate(vectors), np.concatenate(solid)


def _surface(q: float, level: float, neck: float, n_rows: int) -> _Surface:
    """Return an equipotential surface around the origin, up to the neck's plane."""
    directions, solid = _directions(n_rows)
    farthest = np.minimum(_FARTHEST, neck / np.maximum(directions[:, 0], 1e-9))
    radii = farthest[:, None] * np.linspace(1e-3, 1, _RADII)

    def above(r: Floats) -> NDArray[np.bool_]:
        x, y, z = (directions[:, axis, None] * r for axis in range(3))
        return np.asarray(potential(x, y, z, q) >= level)

    outside = ~above(radii)
    met = outside.any(axis=1)  # elsewhere is the neck
    first = np.maximum(outside.argmax(axis=1), 1)
    index = np.arange(len(radii))
    low, high = radii[index, first - 1], radii[index, first]
    for _ in range(_BISECTIONS):
        middle = 0.5 * (low + high)
        inside = above(middle[:, None])[:, 0]
        low, high = np.where(inside, middle, low), np.where(inside, high, middle)
    r = 0.5 * (low + high)[met]
    directions, solid = directions[met], solid[met]
    points = directions * r[:, None]
    pull = -_gradient(points, q)
    gravity = np.linalg.norm(pull, axis=1)
    normals = pull / gravity[:, None]
    slant = np.maximum((normals * directions).sum(axis=1), 0.02)
    return _Surface(points, normals, r * r * solid / slant, gravity)


def _gradient(points: Floats, q: float) -> Floats:
    x, y, z = points.T
    near = (points**2).sum(axis=1) ** 1.5
    far = ((x - 1) ** 2 + y * y + z * z) ** 1.5
    return np.stack(
        [
            -x / near - q * ((x - 1) / far + 1) + (1 + q) * x,
            -y / near - q * y / far + (1 + q) * y,
            -z / near - q * z / far,
        ],
        axis=1,
    )


def _light(star: _Surface, towards: Floats, heat: float) -> Floats:
    """Return the flux of each element towards the observer, (n_elements, n_phases)."""
    mu = np.maximum(star.normals @ towards, 0.0)
    relative = star.gravity / np.average(star.gravity, weights=star.areas)
    bright = star.areas * heat**4 * relative ** (4 * _CONVECTIVE)
    return np.asarray(
        bright[:, None] * mu * (1 - _LIMB1 * (1 - mu) - _LIMB2 * (1 - mu) ** 2)
    )


def _visible(
    star: _Surface,
    other: _Surface,
    towards: Floats,
    light: Floats,
    q: float,
    level: float,
    centre: float,
    neck: float,
) -> Floats:
    """Return the visible fraction of each element, (n_elements, n_phases), 0 to 1."""
    free = np.ones_like(light)
    away = np.array([centre, 0.0, 0.0]) - star.points
    reach = float(np.linalg.norm(other.points - [centre, 0, 0], axis=1).max())
    size = math.sqrt(float(star.areas.mean()))
    along = away @ towards  # distance of each ray's point nearest to the other centre
    aside = (away**2).sum(axis=1)[:, None] - along**2
    element, phase = np.nonzero(
        (light > 0) & (along > 0) & (aside < (reach + size) ** 2)
    )
    if not len(element):
        return free
    middle = along[element, phase]
    half = np.sqrt((reach + size) ** 2 - aside[element, phase])
    steps = middle[:, None] + half[:, None] * np.linspace(-1, 1, _SAMPLES)
    steps = np.maximum(steps, _CLEAR)
    ray = towards[:, phase]
    x, y, z = (
        star.points[element, axis, None] + steps * ray[axis][:, None]
        for axis in range(3)
    )
    height = potential(x, y, z, q)
    beyond = x > neck if centre else x < neck
    deepest = np.where(beyond, height, -np.inf).max(axis=1)
    depth = (deepest - level) / float(_mean_pull(other, q, centre))
    free[element, phase] = np.clip(0.5 - depth / size, 0.0, 1.0)
    return free


def _mean_pull(star: _Surface, q: float, centre: float) -> float:
    """Return the mean gravity on a star's surface, in the units of star 1's frame."""
    return float(np.average(star.gravity, weights=star.areas)) * (q if centre else 1.0)
