"""From simulated maps to what the network is given, as seen by some instruments."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import affine_transform

from amphitrite.surveys.darkcnn.page import (
    ATTRIBUTES,
    CHANNELS,
    DENSITY,
    LOG_MASS,
    MASS_ERROR_DEX,
    TOTAL,
    XRAY,
)
from amphitrite.surveys.darkcnn.prepare.masses import aperture_mean
from amphitrite_training.surveys.darkcnn.simulate.clusters import Clusters
from amphitrite_training.surveys.darkcnn.simulate.noise import exposed, lensed

MEASURED: tuple[str, ...] = (
    "redshift",
    "log_m200",
    "xray_concentration",
    "bcg_ellipticity",
)
"""The attributes by the names of `simulate.maps.Truth`, in the order of the page."""


@dataclass(frozen=True)
class View:
    """How a cluster is seen.

    Parameters
    ----------
    channels : (3,) ndarray of bool
        Which are present, in the order of the page; the first always is.
    relative : bool
        Whether the map of all mass is over its maximum.
    galaxies : float
        Whose shapes show the mass, per arcmin2; 0 for no noise.
    kiloseconds : float
        Of the exposure of the X-rays; 0 for no noise.
    """

    channels: NDArray[np.bool_]
    relative: bool = False
    galaxies: float = 0.0
    kiloseconds: float = 0.0


def seen(
    maps: NDArray[np.float32], view: View, rng: np.random.Generator
) -> NDArray[np.float32]:
    """Return maps as the network is given them.

    Parameters
    ----------
    maps : (3, 100, 100) ndarray of float32
        As `simulate.maps.maps` gives them.
    view : View
        How they are seen.
    rng : numpy.random.Generator
        For the noise.

    Returns
    -------
    (100, 100, 3) ndarray of float32
        See `amphitrite.surveys.darkcnn.page.MAPS`.
    """
    found = np.zeros((*maps.shape[1:], len(CHANNELS)), np.float32)
    for number, channel in enumerate(CHANNELS):
        if not view.channels[number]:
            continue
        values = maps[number]
        if channel == TOTAL:
            values = values / DENSITY
            if view.galaxies:
                values = lensed(rng, values, view.galaxies)
            if view.relative:
                values = values / values.max()
        else:
            if channel == XRAY and view.kiloseconds:
                values = exposed(rng, values, view.kiloseconds)
            values = values / aperture_mean(values)
        found[..., number] = values
    return found


def attributes(
    clusters: Clusters, places: NDArray[np.intp], rng: np.random.Generator
) -> NDArray[np.float32]:
    """Return the attributes of some clusters, the mass with its error.

    The ellipticity is (a - b) / (a + b), as on the page: the modulus of weak lensing's
    complex ellipticity, sqrt(e1^2 + e2^2).

    Parameters
    ----------
    clusters : Clusters
    places : (n,) ndarray of int
        Which of them.
    rng : numpy.random.Generator
        For the error.

    Returns
    -------
    (n, 4) ndarray of float32
        In the order of `amphitrite.surveys.darkcnn.page.ATTRIBUTES`; NaN where nobody
        knows them.
    """
    truth = [clusters.truth[name][places].astype(np.float64) for name in MEASURED]
    found = np.stack(truth, axis=1)
    found[:, ATTRIBUTES.index(LOG_MASS)] += rng.normal(0, MASS_ERROR_DEX, len(places))
    return found.astype(np.float32)


def quarter_turned(maps: NDArray[np.float32], number: int) -> NDArray[np.float32]:
    """Return (3, n, n) maps in one of the eight positions of a square, from 0 on."""
    turned = np.rot90(maps, number % 4, axes=(1, 2))
    return turned[:, ::-1] if number > 3 else turned


def turned(maps: NDArray[np.float32], angle: float) -> NDArray[np.float32]:
    """Return (3, n, n) maps turned about their middle, interpolated linearly.

    Parameters
    ----------
    maps : (3, n, n) ndarray of float32
    angle : float
        In radians.  What comes from beyond an edge is the map in a mirror.
    """
    cos, sin = np.cos(angle), np.sin(angle)
    matrix = np.array([[cos, sin], [-sin, cos]])
    middle = (np.array(maps.shape[1:]) - 1) / 2
    offset = middle - matrix @ middle
    return np.stack(
        [
            affine_transform(each, matrix, offset, order=1, mode="reflect")
            for each in maps
        ]
    )
