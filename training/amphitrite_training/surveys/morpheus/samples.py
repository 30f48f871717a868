"""Image windows that look like sky, for comparing two runs of the same network.

They need to exercise the network as real images do (noise, faint and bright sources,
flat and empty windows), not to be true to any telescope; nothing is learned from them.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from amphitrite.surveys.morpheus.page import BANDS, WINDOW


def windows(n: int = 32, *, seed: int = 20200505) -> NDArray[np.float32]:
    """Draw simulated windows: one elliptical source of any brightness on noise.

    Parameters
    ----------
    n : int
        How many, at least 3; the last two are constant and all zero.
    seed : int
        Seed of the generator; the same seed gives the same windows.

    Returns
    -------
    (n, 40, 40, 4) ndarray of float32
        Windows (y, x, band) with noise of unit deviation in every band.
    """
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:WINDOW, :WINDOW].astype(np.float64)
    drawn = rng.normal(size=(n, WINDOW, WINDOW, len(BANDS)))
    for window in drawn:
        cy, cx = rng.uniform(0, WINDOW, size=2)
        radius, ratio, angle = rng.uniform(1, 6), rng.uniform(0.3, 1), rng.uniform(0, 3)
        u = (x - cx) * np.cos(angle) + (y - cy) * np.sin(angle)
        v = (y - cy) * np.cos(angle) - (x - cx) * np.sin(angle)
        profile = np.exp(-np.sqrt(u**2 + (v / ratio) ** 2) / radius)
        peak = 10 ** rng.uniform(0, 3)
        window += peak * profile[..., None] * rng.uniform(0.2, 1, size=len(BANDS))
    drawn[-2:] = np.array([7.0, 0.0])[:, None, None, None]
    return drawn.astype(np.float32)
