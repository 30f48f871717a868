"""The target of training: a disc for every source that can be seen."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from amphitrite.surveys.asid.page import MASK_PIXELS
from amphitrite.surveys.asid.prepare.patches import to_pixels
from amphitrite_training.surveys.asid.recipe import Recipe

Floats = NDArray[np.floating]


def visible(
    test_statistic: Floats, present: NDArray[np.bool_], *, depth: float, recipe: Recipe
) -> NDArray[np.bool_]:
    """Return a mask of the sources that get a disc.

    Parameters
    ----------
    test_statistic : (n, n_bands) ndarray
        Of each source at the simulated exposure; it grows with the exposure.
    present : (n_bands,) ndarray of bool
        The bands that the sample has.
    depth : float
        The sample's exposure over the simulated one.
    recipe : Recipe
        Its ``disc_test_statistic`` is the limit.

    Returns
    -------
    (n,) ndarray of bool
    """
    total = depth * (test_statistic * present).sum(axis=1)
    return np.asarray(total > recipe.disc_test_statistic)


def draw_discs(x: Floats, y: Floats, recipe: Recipe) -> NDArray[np.float32]:
    """Draw the discs of sources.

    Parameters
    ----------
    x, y : (n,) ndarray
        Positions in the patch's frame, deg; those outside draw what reaches in.
    recipe : Recipe
        Radius and profile of the disc.

    Returns
    -------
    (128, 128) ndarray of float32
        0 to 1; where discs overlap, the higher value.
    """
    mask = np.zeros((MASK_PIXELS, MASK_PIXELS), np.float32)
    radius = recipe.disc_radius_pixels
    reach = int(np.ceil(radius)) + 1
    for row, column in zip(*to_pixels(x, y, pixels=MASK_PIXELS), strict=True):
        rows, columns = (
            np.arange(max(0, int(c) - reach), min(MASK_PIXELS, int(c) + reach + 2))
            for c in (row, column)
        )
        if not (len(rows) and len(columns)):
            continue
        inside = 1 - ((rows[:, None] - row) ** 2 + (columns - column) ** 2) / radius**2
        if recipe.disc_profile == "dome":
            value = np.sqrt(np.maximum(inside, 0))
        else:
            value = (inside >= 0).astype(np.float32)
        box = mask[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        np.maximum(box, value, out=box)
    return mask
