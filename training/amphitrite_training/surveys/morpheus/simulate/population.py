"""The random sources of a simulated field: magnitudes, colours, sizes and shapes.

There are two groups.  The *faint* sources (H 22.5 to 26.5) have counts that increase by
0.35 dex per magnitude, and the surface density of the CANDELS catalogue of GOODS-South,
34,930 sources in about 170 arcmin2 [1]_.  The *bright* sources (H 20 to 22.5) are much
denser than on the real sky, with every class equally often, so that a small field has
examples of all.  Sources are kept apart, because so many bright sources at random
positions would cover far more faint ones than on the real sky.  Blends are therefore
rare, and completeness and purity measured on these fields are too optimistic.
Brightness, spacing and sizes were chosen while looking at the published network's
results for the seeds 20 and 1000 to 1005; measure with other seeds.

Sizes of spheroids follow the stamps named in `camera`: half-light radii from 0.36
arcsec at H = 20 to 0.19 arcsec at H = 24 with the point spread function, 0.34 and 0.15
without it (in quadrature).  Late types are larger at the same mass; their radius
increases with mass to the power 0.22 with a scatter below 0.2 dex [3]_, which is 0.09
dex per magnitude at a fixed mass-to-light ratio.  Colours (J-H, V-H, z-H) are near
those of the stamps: (0.36, 3.7, 1.2) for the three spheroids of ers2_13830, (0.37, 2.2,
0.9) for the disc in wide2_208, (-0.2, -0.1, -0.5) and (0.0, 2.1, 1.1) for faint
galaxies beside them.  Clumps are bluer than their galaxy [2]_.  All these are settings
of a generator, not a model of the evolution of galaxies.

References
----------
.. [1] Guo et al. 2013, ApJS 207, 24, doi:10.1088/0067-0049/207/2/24
.. [2] Guo et al. 2012, ApJ 757, 120, doi:10.1088/0004-637X/757/2/120
.. [3] van der Wel et al. 2014, ApJ 788, 28, doi:10.1088/0004-637X/788/1/28
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from amphitrite.surveys.morpheus.page import BANDS, MORPHOLOGIES
from amphitrite_training.surveys.morpheus.simulate.camera import PIXEL_ARCSEC
from amphitrite_training.surveys.morpheus.simulate.profiles import Sersic

BRIGHT_RANGE: Final = (20.0, 22.5)
FAINT_RANGE: Final = (22.5, 26.5)
COUNT_SLOPE: Final = 0.35
FAINT_PER_ARCMIN2: Final = 34930 / 170
BRIGHT_PER_PIXEL: Final = 8 / 240**2
FAINT_MIX: Final = {
    "spheroid": 0.2,
    "disk": 0.45,
    "irregular": 0.3,
    "point_source": 0.05,
}

# Least distance of a source's centre from the border in pixels; the outer 5 pixels are
# not classified.
BRIGHT_BORDER: Final = 24.0
FAINT_BORDER: Final = 8.0

# Magnitudes minus that in H.  Stars are of spectral types G to early M.
COLOURS: Final = {
    "spheroid": {"H": 0.0, "J": 0.36, "V": 3.6, "z": 1.2},
    "disk": {"H": 0.0, "J": 0.33, "V": 2.1, "z": 0.85},
    "irregular": {"H": 0.0, "J": 0.22, "V": 1.5, "z": 0.6},
    "clump": {"H": 0.0, "J": 0.05, "V": 0.5, "z": 0.2},
    "point_source": {"H": 0.0, "J": 0.05, "V": 1.1, "z": 0.2},
}
# Half-light radius at H = 21 in arcsec, and its scatter in dex.
RADIUS: Final = {
    "spheroid": (0.27, 0.1),
    "disk": (0.5, 0.15),
    "irregular": (0.45, 0.15),
}
RADIUS_SLOPE: Final = -0.09  # dex per magnitude


@dataclass(frozen=True)
class Part:
    """One profile of a source.

    Parameters
    ----------
    profile : Sersic
        Its surface brightness profile.
    share : float
        Fraction of the source's H flux.
    colours : dict
        Magnitudes minus that in H, by band.
    """

    profile: Sersic
    share: float
    colours: dict[str, float]


@dataclass(frozen=True)
class Source:
    """One source of a field; a point source has one part with radius 0.

    Parameters
    ----------
    morphology : str
        One of ``amphitrite.surveys.morpheus.page.MORPHOLOGIES``.
    mag_h : float
        AB magnitude of the whole source in H.
    main : Sersic
        Centre and shape; for a disc galaxy those of the disc, for an irregular one
        those of the body.  The radius is 0 for a point source.
    parts : tuple of Part
        The profiles of which the source consists.
    """

    morphology: str
    mag_h: float
    main: Sersic
    parts: tuple[Part, ...]

    def magnitude(self, band: str) -> float:
        """Return the total AB magnitude in a band."""
        light = sum(p.share * 10 ** (-0.4 * p.colours[band]) for p in self.parts)
        return self.mag_h - 2.5 * math.log10(light)


def draw_sources(rng: np.random.Generator, shape: tuple[int, int]) -> list[Source]:
    """Return the random sources of a field, the bright group first.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of the random numbers.
    shape : tuple of int
        (ny, nx), in pixels of 0.06 arcsec.

    Returns
    -------
    list of Source
        Their numbers are the surface densities times the area, rounded.
    """
    n_bright = round(shape[0] * shape[1] * BRIGHT_PER_PIXEL)
    area_arcmin2 = shape[0] * shape[1] * (PIXEL_ARCSEC / 60) ** 2
    n_faint = round(area_arcmin2 * FAINT_PER_ARCMIN2)
    rounds = -(-n_bright // len(MORPHOLOGIES))
    names = [
        *rng.permuted(MORPHOLOGIES * rounds)[:n_bright],
        *rng.choice(list(FAINT_MIX), size=n_faint, p=list(FAINT_MIX.values())),
    ]
    magnitudes = [
        *rng.uniform(*BRIGHT_RANGE, size=n_bright),
        *_rising_counts(rng, n_faint),
    ]
    borders = [BRIGHT_BORDER] * n_bright + [FAINT_BORDER] * n_faint
    centres = _spread(rng, shape, borders)
    return [
        _SOURCES[str(name)](rng, float(mag_h), float(x), float(y))
        for name, mag_h, (x, y) in zip(names, magnitudes, centres, strict=True)
    ]


def _rising_counts(rng: np.random.Generator, n: int) -> NDArray[np.float64]:
    """Return n random magnitudes whose logarithmic counts increase linearly."""
    low, high = (10 ** (COUNT_SLOPE * edge) for edge in FAINT_RANGE)
    return np.log10(rng.uniform(low, high, size=n)) / COUNT_SLOPE


def _spread(
    rng: np.random.Generator, shape: tuple[int, int], borders: Sequence[float]
) -> list[NDArray[np.float64]]:
    """Return random positions (x, y), each the most isolated of thirty."""
    size = np.array(shape[::-1], dtype=float) - 1
    chosen: list[NDArray[np.float64]] = []
    for border in borders:
        edge = np.minimum(border, size / 3)
        candidates = rng.uniform(edge, size - edge, size=(30, 2))
        if chosen:
            gaps = np.linalg.norm(candidates[:, None] - np.array(chosen), axis=-1)
            candidates = candidates[gaps.min(axis=1).argmax()][None]
        chosen.append(candidates[0])
    return chosen


def _colours(rng: np.random.Generator, kind: str) -> dict[str, float]:
    """Return random colours by band, with a common and an individual scatter."""
    redness = rng.normal(1, 0.2)
    scatter = dict(zip(BANDS, [0.0, *rng.normal(0, 0.05, size=3)], strict=True))
    return {
        band: colour * redness + scatter[band] for band, colour in COLOURS[kind].items()
    }


def _radius(rng: np.random.Generator, morphology: str, mag_h: float) -> float:
    """Return a random half-light radius in pixels."""
    middle_arcsec, scatter = RADIUS[morphology]
    dex = RADIUS_SLOPE * (mag_h - 21) + rng.normal(0, scatter)
    return float(middle_arcsec * 10**dex / PIXEL_ARCSEC)


def _spheroid(rng: np.random.Generator, mag_h: float, x: float, y: float) -> Source:
    """Return a random spheroid, close to a de Vaucouleurs profile, of one colour."""
    main = Sersic(
        x,
        y,
        radius=_radius(rng, "spheroid", mag_h),
        index=rng.normal(4, 0.4),
        axis_ratio=rng.uniform(0.6, 1),
        angle=rng.uniform(0, math.pi),
    )
    return Source(
        "spheroid", mag_h, main, (Part(main, 1.0, _colours(rng, "spheroid")),)
    )


def _disk(rng: np.random.Generator, mag_h: float, x: float, y: float) -> Source:
    """Return a random exponential disc with arms at any inclination and a red bulge."""
    cos_i = rng.uniform(0.1, 1)
    thickness = 0.2  # axis ratio of an edge-on disc, whose arms are not visible
    main = Sersic(
        x,
        y,
        radius=_radius(rng, "disk", mag_h),
        index=1.0,
        axis_ratio=math.sqrt(thickness**2 + (1 - thickness**2) * cos_i**2),
        angle=rng.uniform(0, math.pi),
        arms=rng.uniform(0.5, 0.9) * cos_i,
        phase=rng.uniform(0, 2 * math.pi),
        winding=rng.choice([-1, 1]) * rng.uniform(1.2, 2.7),  # pitch 40 to 20 deg
    )
    bulge = Sersic(
        x, y, radius=0.25 * main.radius, index=2.5, axis_ratio=0.9, angle=main.angle
    )
    share = rng.uniform(0.02, 0.15)
    parts = (
        Part(main, 1 - share, _colours(rng, "disk")),
        Part(bulge, share, _colours(rng, "spheroid")),
    )
    return Source("disk", mag_h, main, parts)


def _irregular(rng: np.random.Generator, mag_h: float, x: float, y: float) -> Source:
    """Return a random irregular galaxy: blue clumps around a redder body."""
    main = Sersic(
        x,
        y,
        radius=_radius(rng, "irregular", mag_h),
        index=1.0,
        axis_ratio=rng.uniform(0.4, 0.9),
        angle=rng.uniform(0, math.pi),
    )
    n = int(rng.integers(3, 7))
    body = rng.uniform(0.5, 0.7)
    shares = rng.dirichlet(np.full(n, 2.0)) * (1 - body)
    parts = [Part(main, body, _colours(rng, "irregular"))]
    for share in shares:
        distance = main.radius * math.sqrt(rng.uniform(0.1, 2.2))
        turn = rng.uniform(0, 2 * math.pi)
        u, v = distance * math.cos(turn), distance * math.sin(turn) * main.axis_ratio
        cosine, sine = math.cos(main.angle), math.sin(main.angle)
        clump = Sersic(
            x + u * cosine - v * sine,
            y + u * sine + v * cosine,
            radius=main.radius * rng.uniform(0.15, 0.35),
            index=1.0,
            axis_ratio=rng.uniform(0.5, 1),
            angle=rng.uniform(0, math.pi),
        )
        parts.append(Part(clump, float(share), _colours(rng, "clump")))
    return Source("irregular", mag_h, main, tuple(parts))


def _point_source(rng: np.random.Generator, mag_h: float, x: float, y: float) -> Source:
    """Return a random star."""
    main = Sersic(x, y, radius=0.0, index=0.0, axis_ratio=1.0, angle=0.0)
    return Source(
        "point_source", mag_h, main, (Part(main, 1.0, _colours(rng, "point_source")),)
    )


_SOURCES: Final = {
    "spheroid": _spheroid,
    "disk": _disk,
    "irregular": _irregular,
    "point_source": _point_source,
}
