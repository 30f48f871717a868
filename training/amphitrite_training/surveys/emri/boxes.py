"""The loudest box of a map of power, in the graph: see `yardsticks.loudest_box`."""

from __future__ import annotations

import math
from typing import Any

from keras import layers, ops

from amphitrite_training.surveys.emri.yardsticks import BINS, FRAMES


def loudest_box(power: Any) -> Any:
    """Return the largest excess of a box of a map, in standard deviations.

    Parameters
    ----------
    power : (n, n_windows, n_bins, 1) tensor
        Means of two exponential variables of mean 1, as noise gives them.

    Returns
    -------
    (n, 1) tensor
        Boxes have 4, 16, 64 (if there are as many) or all windows and 1 to 128 bins,
        and overlap by half, so that they are the means of neighbouring halves.
    """
    n_windows = int(power.shape[1])
    heights, halves, height = [], power, 1
    for frames in (each for each in FRAMES if each < n_windows):
        halves = _pooled(halves, frames // 2 // height, 1)
        height = frames // 2
        heights.append((frames, _neighbours(halves, 2, 1)))
    heights.append((n_windows, ops.mean(power, axis=1, keepdims=True)))
    found = []
    for frames, rows in heights:
        found.append(_score(rows, frames))
        for bins in BINS[1:]:
            found.append(_score(_neighbours(rows, 1, 2), frames * bins))
            rows = _pooled(rows, 1, 2)
    return ops.max(layers.Concatenate()(found), axis=1, keepdims=True)


def _score(means: Any, n_cells: int) -> Any:
    """Return the (n, 1) normal score of the largest of the means of so many cells."""
    m = 2 * n_cells
    largest = ops.maximum(ops.max(means, axis=(1, 2)), 0.0)
    return (ops.power(largest, 1 / 3) - 1 + 1 / (9 * m)) * math.sqrt(9 * m)


def _pooled(x: Any, windows: int, bins: int) -> Any:
    """Return the means of blocks that follow each other."""
    return layers.AveragePooling2D((windows, bins))(x)


def _neighbours(x: Any, windows: int, bins: int) -> Any:
    """Return the means of neighbours, each of which is in two of them."""
    return layers.AveragePooling2D((windows, bins), strides=1)(x)
