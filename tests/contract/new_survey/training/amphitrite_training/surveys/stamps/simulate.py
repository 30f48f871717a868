"""Simulated stars in small images."""

from __future__ import annotations

import numpy as np
from amphitrite.surveys.stamps.page import SIDE
from numpy.typing import NDArray


def draw(
    rng: np.random.Generator, n: int
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return n stars: (n, SIDE, SIDE) pixels and (n, 1) fluxes, both in counts."""
    flux = rng.uniform(0.5, 2, (n, 1, 1))
    y, x = np.mgrid[:SIDE, :SIDE] - (SIDE - 1) / 2
    shape = np.exp(-(x**2 + y**2) / 4)
    pixels = flux * shape / shape.sum() + rng.normal(0, 1e-3, (n, SIDE, SIDE))
    return pixels.astype(np.float32), flux[:, 0].astype(np.float32)
