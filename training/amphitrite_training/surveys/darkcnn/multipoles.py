"""The multipoles of a cluster's maps, ring by ring: layers that nothing is learned in.

Dark matter that scatters on itself flattens the core and makes it rounder, so that the
quadrupole of a ring tells what its mean does not.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any, Final

import numpy as np
from keras import layers, ops
from numpy.typing import NDArray

from amphitrite.surveys.darkcnn.interpret.profiles import EDGES_KPC, N_RINGS
from amphitrite.surveys.darkcnn.page import CHANNELS, PIXELS
from amphitrite.surveys.darkcnn.prepare.missing import RADII
from amphitrite_training.surveys.darkcnn.encoding import arcsinh, fixed

ORDERS: Final = (1, 2, 4)
"""Dipole, quadrupole and hexadecapole."""
N_EACH: Final = 2 + len(ORDERS)
"""Numbers of each ring of a channel: mean, scatter, multipoles."""
FAINT: Final = 0.01
"""Of a ring's mean: below it, the logarithm turns into a line."""
_SMALLEST: Final = 1e-12


def multipoles(x: Any) -> Any:
    """Return mean, multipoles and scatter of the rings of each channel.

    Parameters
    ----------
    x : (n, pixels, pixels, 3) tensor
        Maps as `encoding.scaled` gives them.

    Returns
    -------
    (n, 3 * (5 * 12 + 11)) tensor
        For each channel, in all rings: the inverse hyperbolic sine of the mean over
        `FAINT`; the standard deviation; and for each of `ORDERS` the modulus of the
        mean of ``exp(i order angle)`` times what exceeds the ring's mean, the last two
        over the mean, or over `FAINT` in rings that are fainter.  Then by how much the
        first of these differs between neighbouring rings.
    """
    pixels = int(x.shape[1])
    weights, shares = rings(pixels)
    x = ops.reshape(ops.transpose(x, (0, 3, 1, 2)), (-1, len(CHANNELS), pixels**2))
    mean = fixed(x, "ring_means", weights)
    rest = x - fixed(mean, "of_rings", shares)
    size = ops.sqrt(ops.square(mean) + FAINT**2)
    level = arcsinh(mean / FAINT)
    variance = fixed(ops.square(rest), "ring_variances", weights)
    found = [level, ops.sqrt(variance + _SMALLEST) / size]
    waves = fixed(rest, "ring_waves", _waves(pixels, weights))
    for number in range(len(ORDERS)):
        first = 2 * number * N_RINGS
        cosine = waves[..., first : first + N_RINGS]
        sine = waves[..., first + N_RINGS : first + 2 * N_RINGS]
        power = ops.square(cosine) + ops.square(sine)
        found.append(ops.sqrt(power + _SMALLEST) / size)
    found.append(level[..., 1:] - level[..., :-1])
    return layers.Flatten()(layers.Concatenate()(found))


def rings(pixels: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return (pixels^2, 12) weights of a ring's mean, and (12, pixels^2) shares.

    The shares say how much of a pixel is in each ring of
    `amphitrite.surveys.darkcnn.interpret.profiles.EDGES_KPC`: 0 or 1 for 100 pixels.
    """
    inside = np.stack(
        [(RADII >= low) & (RADII < high) for low, high in pairwise(EDGES_KPC)]
    )
    n = PIXELS // pixels
    blocks = inside.reshape(N_RINGS, pixels, n, pixels, n).mean((2, 4))
    shares = blocks.reshape(N_RINGS, -1)
    return (shares / shares.sum(1, keepdims=True)).T, shares


def _waves(pixels: int, weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return (pixels^2, 6 * 12) weights: of each order's cosines, then of its sines."""
    offsets = np.arange(pixels) - (pixels - 1) / 2
    angles = np.arctan2(offsets[:, None], offsets).reshape(-1, 1)
    return np.concatenate(
        [
            weights * wave
            for order in ORDERS
            for wave in (np.cos(order * angles), np.sin(order * angles))
        ],
        axis=1,
    )
