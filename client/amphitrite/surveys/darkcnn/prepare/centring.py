"""The middle of a cluster: of its map, its peak, or its brightest galaxy."""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from scipy.ndimage import gaussian_filter

from amphitrite.errors import BadInput
from amphitrite.files.choices import Choices
from amphitrite.surveys.darkcnn.page import STARS, TOTAL
from amphitrite.surveys.darkcnn.prepare.cluster import Cluster, Map
from amphitrite.surveys.darkcnn.prepare.reading import BCG, PEAK

SMOOTHED_KPC: Final = 40.0
"""Standard deviation of the Gaussian under which a peak is sought."""
NEAR_KPC: Final = 500.0
"""Distance from the middle of the map within which a peak is sought."""
Place = tuple[float, float]


def centre_of(cluster: Cluster, asked: str | Place, choices: Choices) -> Place:
    """Return the centre of a cluster.

    Parameters
    ----------
    cluster : Cluster
        The cluster.
    asked : str or (float, float)
        See `amphitrite.surveys.darkcnn.prepare.reading.Reading`.
    choices : Choices
        Told where the stars' peak is taken for the brightest galaxy.

    Returns
    -------
    (float, float)
        x and y in pixels, counted from 0 at the centre of the first one.

    Raises
    ------
    BadInput
        The centre lies outside the map; or no galaxy is stated and there is no map of
        stars.
    """
    ny, nx = cluster.maps[TOTAL].shape
    middle = (nx - 1) / 2, (ny - 1) / 2
    if asked == PEAK:
        return peak(cluster.maps[TOTAL], cluster.pixel_kpc)
    if asked == BCG:
        return _inside(_galaxy(cluster, choices), cluster)
    if not isinstance(asked, str):
        return _inside(asked, cluster)
    return middle


def peak_distance(cluster: Cluster, centre: Place) -> float:
    """Return the distance between the peak of all mass and a centre in kpc.

    Parameters
    ----------
    cluster : Cluster
        The cluster.
    centre : (float, float)
        x and y in pixels, counted from 0.
    """
    x, y = peak(cluster.maps[TOTAL], cluster.pixel_kpc)
    height, width = cluster.pixel_kpc
    return math.hypot((x - centre[0]) * width, (y - centre[1]) * height)


def peak(values: Map, pixel_kpc: tuple[float, float]) -> Place:
    """Return the maximum of a map that is smoothed, near its middle.

    Parameters
    ----------
    values : (ny, nx) ndarray of float64
        The map.  NaN is left out: what is around it counts the more.
    pixel_kpc : (float, float)
        Height and width of a pixel in kpc.

    Returns
    -------
    (float, float)
        x and y of a pixel, at most `NEAR_KPC` from the middle along each axis; the
        middle itself where the map holds nothing.
    """
    box = tuple(
        _near(length, size)
        for length, size in zip(values.shape, pixel_kpc, strict=True)
    )
    part = values[box]
    there = np.isfinite(part)
    ny, nx = values.shape
    if not there.any():
        return (nx - 1) / 2, (ny - 1) / 2
    widths = [SMOOTHED_KPC / size for size in pixel_kpc]
    weight = gaussian_filter(there.astype(np.float64), widths, mode="constant")
    smooth = gaussian_filter(np.where(there, part, 0.0), widths, mode="constant")
    mean = np.full_like(smooth, -np.inf)
    np.divide(smooth, weight, out=mean, where=there)
    y, x = np.unravel_index(int(np.argmax(mean)), mean.shape)
    return float(x + box[1].start), float(y + box[0].start)


def _near(length: int, size: float) -> slice:
    """Return the pixels of an axis that lie near its middle."""
    first = max(0, math.floor((length - 1) / 2 - NEAR_KPC / size))
    return slice(first, length - first)


def _galaxy(cluster: Cluster, choices: Choices) -> Place:
    """Return the place of the brightest galaxy."""
    if cluster.bcg is not None:
        return cluster.bcg
    if STARS not in cluster.maps:
        raise BadInput(
            f"nothing says where the brightest galaxy of {cluster.name} is, and there "
            "is no map of stars; give its pixel with --centre x,y, or take --centre "
            f"{PEAK}"
        )
    choices.say(
        "where no brightest galaxy is stated, maps are centred on the peak of the stars"
    )
    return peak(cluster.maps[STARS], cluster.pixel_kpc)


def _inside(place: Place, cluster: Cluster) -> Place:
    """Return a place if it lies inside the map."""
    ny, nx = cluster.maps[TOTAL].shape
    x, y = place
    if not (-0.5 <= x <= nx - 0.5 and -0.5 <= y <= ny - 0.5):
        raise BadInput(
            f"the centre x={x:g}, y={y:g} lies outside the {nx} x {ny} pixels of "
            f"{cluster.name}; pixels are counted from 0"
        )
    return place
