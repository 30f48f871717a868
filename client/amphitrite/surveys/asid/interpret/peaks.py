"""Peaks of a mask by the Laplacian of Gaussian, and which of them stand for one source.

The same maths runs on the server as a graph.  This is its reference, and the way to the
peaks of a mask that has more of them than the graph lists.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_laplace, maximum_filter
from scipy.spatial import cKDTree

from amphitrite.errors import BadInput
from amphitrite.surveys.asid.bands import Band
from amphitrite.surveys.asid.page import MASK_PIXELS

_TRUNCATE = 4.0


@dataclass(frozen=True)
class Peaks:
    """Peaks of one mask.

    Parameters
    ----------
    row, column : (n,) ndarray of float32
        On the mask's grid, to a fraction of a pixel; pixel centres have whole numbers,
        counted from 0.
    score : (n,) ndarray of float32
        The response at the peak's pixel.
    """

    row: NDArray[np.float32]
    column: NDArray[np.float32]
    score: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.score)


def response(mask: NDArray[np.floating], *, sigma: float) -> NDArray[np.float64]:
    """Return the scale-normalised Laplacian-of-Gaussian response of a mask.

    ``-sigma^2 laplace(gauss(mask))``, positive on what is bright and about
    ``sqrt(2) sigma`` in radius; the Gaussian reaches 4 sigma, and the mask is mirrored
    at its borders.

    Parameters
    ----------
    mask : (ny, nx) ndarray of float
        What the network gives.
    sigma : float
        Scale, pixels.

    References
    ----------
    Lindeberg 1998, International Journal of Computer Vision 30, 79,
    doi:10.1023/A:1008045108935; as in `skimage.feature.blob_log`.
    """
    smooth: NDArray[np.float64] = gaussian_laplace(
        np.asarray(mask, np.float64), sigma, mode="reflect", truncate=_TRUNCATE
    )
    return -(sigma**2) * smooth


def find(mask: NDArray[np.floating], *, sigma: float, floor: float) -> Peaks:
    """Find the local maxima of a mask's response.

    Parameters
    ----------
    mask : (ny, nx) ndarray of float
        What the network gives; finite.
    sigma : float
        Scale of the Laplacian of Gaussian, pixels.
    floor : float
        The response that a peak must exceed.

    Returns
    -------
    Peaks
        By falling score, equal ones by row and column.

    Raises
    ------
    BadInput
        The mask holds values that are not finite.

    Notes
    -----
    A peak is a pixel that none of its eight neighbours exceeds, at the borders too;
    peaks close to each other are all kept (see `suppress`).  The fraction of a pixel is
    the vertex of the parabola through the peak and its two neighbours, along each axis
    by itself, and at most one half; along an axis on whose border the peak lies there
    is none.
    """
    bad = int(np.size(mask) - np.isfinite(mask).sum())
    if bad:
        raise BadInput(
            f"the mask must be finite; received {bad} NaN or infinite values; check "
            "the model that gave it"
        )
    height = response(mask, sigma=sigma)
    highest = maximum_filter(height, size=3, mode="constant", cval=-np.inf)
    row, column = np.nonzero((height == highest) & (height > floor))
    score = height[row, column]
    order = np.lexsort((column, row, -score))
    row, column = row[order], column[order]
    return Peaks(
        (row + _fraction(height, row, column)).astype(np.float32),
        (column + _fraction(height.T, column, row)).astype(np.float32),
        score[order].astype(np.float32),
    )


def _fraction(
    height: NDArray[np.float64], at: NDArray[np.intp], across: NDArray[np.intp]
) -> NDArray[np.float64]:
    """Return the sub-pixel part of peaks along the first axis."""
    inside = (at > 0) & (at < len(height) - 1)
    middle = np.where(inside, at, 1)
    before, here, after = (height[middle + step, across] for step in (-1, 0, 1))
    bend = before - 2 * here + after
    # Between equal heights there is no vertex; the peak then stays where it is.
    curved = inside & (bend < 0)
    shift = 0.5 * (before - after) / np.where(curved, bend, 1.0)
    return np.where(curved, np.clip(shift, -0.5, 0.5), 0.0)


def suppress(
    vectors: NDArray[np.floating],
    scores: NDArray[np.floating],
    *,
    radius_degrees: float,
) -> NDArray[np.intp]:
    """Choose one detection for each source: the best of those close together.

    The detection with the highest score is kept and those within the radius of it are
    dropped; so on with the highest of what is left.

    Parameters
    ----------
    vectors : (n, 3) ndarray
        Directions, unit vectors in any frame.
    scores : (n,) ndarray
        Of two equal ones, that with the higher z, then y, then x goes first, so that
        the order of the rows does not matter.
    radius_degrees : float
        deg on the sky.

    Returns
    -------
    (m,) ndarray of intp
        The rows kept, by falling score.

    Raises
    ------
    BadInput
        A direction or a score is not finite.
    """
    vectors = np.asarray(vectors, np.float64).reshape(-1, 3)
    if not (np.isfinite(vectors).all() and np.isfinite(scores).all()):
        raise BadInput(
            "directions and scores of detections must be finite; received NaN or "
            "infinite ones; check the model that gave them"
        )
    order = np.lexsort((*-vectors.T, -np.asarray(scores, np.float64)))
    ranked = vectors[order]
    chord = 2 * np.sin(np.radians(radius_degrees) / 2)
    pairs = cKDTree(ranked).query_pairs(chord, output_type="ndarray")
    better, worse = pairs.min(axis=1), pairs.max(axis=1)
    by_rank = np.argsort(better, kind="stable")
    worse = worse[by_rank]
    starts = np.searchsorted(better[by_rank], np.arange(len(ranked) + 1))
    kept = np.ones(len(ranked), bool)
    for rank in range(len(ranked)):
        if kept[rank]:
            kept[worse[starts[rank] : starts[rank + 1]]] = False
    chosen: NDArray[np.intp] = order[kept]
    return chosen


def cutouts(
    counts: Mapping[str, NDArray[np.floating]],
    row: NDArray[np.floating],
    column: NDArray[np.floating],
    *,
    bands: Sequence[Band],
    pixels: int,
) -> NDArray[np.float32]:
    """Cut the counts around peaks, each band on its own grid.

    Parameters
    ----------
    counts : mapping of str to (ny, nx) ndarray
        Images of a patch by ``counts_<band>``, as
        `amphitrite.surveys.asid.prepare.tiling.Tiles.counts` gives them.
    row, column : (n,) ndarray
        Peaks on the mask's grid.
    bands : sequence of Band
        Bands of the last axis, in their order.
    pixels : int
        Pixels on a side; even.

    Returns
    -------
    (n, pixels, pixels, n_bands) ndarray of float32
        ct; axes peak, y, x, band; zero outside the patch.  A peak at the coordinate c
        is in pixel ``i = floor((c + 0.5) s)`` of a grid s times as fine as the mask's,
        and the window is ``[i - pixels / 2, i + pixels / 2)``.
    """
    half = pixels // 2
    window = np.arange(pixels)
    cut = np.zeros((len(row), pixels, pixels, len(bands)), np.float32)
    for number, band in enumerate(bands):
        padded = np.pad(np.asarray(counts[f"counts_{band.name}"]), half)
        rows, columns = (
            # The padding has moved pixel i to i + half, where the window then begins.
            _pixel(c, band)[:, None] + window
            for c in (row, column)
        )
        cut[..., number] = padded[rows[:, :, None], columns[:, None, :]]
    return cut


def auxiliary(
    cut: NDArray[np.floating],
    row: NDArray[np.floating],
    column: NDArray[np.floating],
    score: NDArray[np.floating],
    *,
    peak_band: int,
) -> NDArray[np.float32]:
    """Return what the networks that describe a source are told beside its image.

    Parameters
    ----------
    cut : (n, ny, nx, n_bands) ndarray
        What `cutouts` returns.
    row, column : (n,) ndarray
        Peaks on the mask's grid.
    score : (n,) ndarray
        Their response.
    peak_band : int
        Index along the last axis of the band on the mask's own grid.

    Returns
    -------
    (n, 5) ndarray of float32
        log10 of 1 + all counts of the cut-out; log10 of 1 + the counts of the
        brightest of the 3 x 3 pixels of ``peak_band`` around the peak's; the fraction
        of a pixel of the row, then of the column, -0.5 to 0.5; the score.
    """
    middle = cut.shape[1] // 2
    around = slice(middle - 1, middle + 2)
    brightest = cut[:, around, around, peak_band].max(axis=(1, 2), initial=0.0)
    coordinates = np.stack([row, column], axis=1).astype(np.float32)
    fraction = coordinates - np.floor(coordinates + np.float32(0.5))
    counts = np.stack([cut.sum(axis=(1, 2, 3)), brightest], axis=1)
    return np.concatenate(
        [np.log10(1.0 + counts), fraction, np.reshape(score, (-1, 1))], axis=1
    ).astype(np.float32)


def _pixel(c: NDArray[np.floating], band: Band) -> NDArray[np.intp]:
    """Return the pixel of a band's grid that a coordinate of the mask's is in."""
    scale = np.float32(band.pixels / MASK_PIXELS)
    pixel = np.floor((np.asarray(c, np.float32) + np.float32(0.5)) * scale)
    return np.asarray(np.clip(pixel, 0, band.pixels - 1), np.intp)
