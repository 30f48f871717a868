"""Overlapping windows over an image, and the strips in which they are processed.

The network's input is a window of 40 x 40 pixels, and only its central 30 x 30 pixels
are used.  With a stride of 1, a pixel is therefore classified in up to 900 windows; the
products are the mean, the variance and the vote over these windows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from amphitrite.errors import BadInput
from amphitrite.surveys.morpheus.page import MARGIN, WINDOW

_CORE: Final = WINDOW - 2 * MARGIN


def window_starts(length: int, stride: int) -> NDArray[np.intp]:
    """Return the first pixel of every window along one axis, increasing.

    The last window ends at the image's edge for any stride, so that the same pixels are
    classified with every stride.

    Parameters
    ----------
    length : int
        Number of pixels along the axis; at least 40.
    stride : int
        Pixels from one window to the next; at most 30, so that no pixel is missed.

    Raises
    ------
    BadInput
        The image is smaller than a window, or the stride is out of range.
    """
    if length < WINDOW:
        raise BadInput(
            f"the image is {length} pixels along one axis; the network needs at "
            f"least {WINDOW} x {WINDOW} pixels"
        )
    if not 1 <= stride <= _CORE:
        raise BadInput(f"--stride must be from 1 to {_CORE} pixels; received {stride}")
    starts = np.arange(0, length - WINDOW + 1, stride)
    if starts[-1] != length - WINDOW:
        starts = np.append(starts, length - WINDOW)
    return starts


@dataclass(frozen=True)
class Strip:
    """The rows of windows that are processed together.

    Parameters
    ----------
    starts : tuple of int
        First image row of each row of windows, increasing.
    """

    starts: tuple[int, ...]

    @property
    def rows(self) -> tuple[int, int]:
        """The image rows that the windows cover: first, and last plus one."""
        return self.starts[0], self.starts[-1] + WINDOW

    @property
    def core_rows(self) -> tuple[int, int]:
        """The image rows that the windows classify: first, and last plus one."""
        return self.starts[0] + MARGIN, self.starts[-1] + WINDOW - MARGIN


def strips(n_rows: int, *, stride: int, height: int) -> list[Strip]:
    """Return the strips of an image, in increasing order.

    Parameters
    ----------
    n_rows : int
        Number of image rows.
    stride : int
        Pixels from one window to the next.
    height : int
        Number of image rows in which the windows of one strip start.

    Raises
    ------
    BadInput
        The image is smaller than a window, or the stride is out of range.
    """
    starts = window_starts(n_rows, stride)
    groups = np.split(starts, np.flatnonzero(np.diff(starts // height)) + 1)
    return [Strip(tuple(int(start) for start in group)) for group in groups]


def finite_windows(
    pixels: NDArray[np.float32], starts: tuple[int, ...], stride: int
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the positions of the windows of a strip, without those with bad pixels.

    A pixel that is not finite acts like the image's edge: no window may contain it, so
    that the pixels within five pixels of it are not classified.

    Parameters
    ----------
    pixels : ndarray of float32, shape (n_rows, nx, n_bands)
        The image rows that the windows cover.
    starts : tuple of int
        First image row of each row of windows; ``pixels`` begins at the first.
    stride : int
        Pixels from one window to the next along a row.

    Returns
    -------
    ys, xs : ndarray of int, shape (n_windows,)
        First image row and column of each window, in raster order.
    """
    nx = pixels.shape[1]
    ys, xs = np.asarray(starts), window_starts(nx, stride)
    bad = ~np.isfinite(pixels).all(axis=-1)
    if not bad.any():
        y, x = np.meshgrid(ys, xs, indexing="ij")
        return y.ravel(), x.ravel()
    before = np.zeros((bad.shape[0] + 1, nx + 1), np.int64)
    before[1:, 1:] = bad.cumsum(axis=0, dtype=np.int64).cumsum(axis=1)
    top = (ys - ys[0])[:, None]
    n_bad = (
        before[top + WINDOW, xs + WINDOW]
        - before[top, xs + WINDOW]
        - before[top + WINDOW, xs]
        + before[top, xs]
    )
    iy, ix = np.nonzero(n_bad == 0)
    return ys[iy], xs[ix]


def cut_windows(
    pixels: NDArray[np.float32], ys: NDArray[np.intp], xs: NDArray[np.intp]
) -> NDArray[np.float32]:
    """Return windows of an image, (n, 40, 40, n_bands).

    Parameters
    ----------
    pixels : ndarray of float32, shape (n_rows, nx, n_bands)
        Image rows.
    ys, xs : ndarray of int, shape (n,)
        First row (of ``pixels``) and column of each window.
    """
    views = sliding_window_view(pixels, (WINDOW, WINDOW), axis=(0, 1))
    return np.ascontiguousarray(views.transpose(0, 1, 3, 4, 2)[ys, xs])
