"""Peaks of a mask by the Laplacian of Gaussian, and the images around them.

The same calculation runs on the server as an ONNX graph.  This is the reference for it,
and it finds the peaks of a mask that has more of them than the graph lists.
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
        Position on the mask's grid to a fraction of a pixel; pixel centres have whole
        numbers, counted from 0.
    score : (n,) ndarray of float32
        Laplacian-of-Gaussian response at the peak's pixel.
    """

    row: NDArray[np.float32]
    column: NDArray[np.float32]
    score: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.score)


def response(mask: NDArray[np.floating], *, sigma: float) -> NDArray[np.float64]:
    """Return the scale-normalised Laplacian-of-Gaussian response of a mask.

    It is ``-sigma^2 laplace(gauss(mask))``, largest on bright discs with a radius of
    about ``sqrt(2) sigma``.  The Gaussian is cut off at 4 sigma, and the mask is
    mirrored at its borders.

    Parameters
    ----------
    mask : (ny, nx) ndarray of float
        The network's mask.
    sigma : float
        Scale in pixels.

    Returns
    -------
    (ny, nx) ndarray of float64
        NaN within 4 sigma of a NaN.

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
    """Return the local maxima of a mask's response.

    Parameters
    ----------
    mask : (ny, nx) ndarray of float
        The network's mask; finite.
    sigma : float
        Scale of the Laplacian of Gaussian in pixels.
    floor : float
        Response that a peak must exceed.

    Returns
    -------
    Peaks
        By decreasing score, those of equal score by row and column.

    Raises
    ------
    BadInput
        The mask holds values that are not finite.

    Notes
    -----
    A peak is a pixel that none of its eight neighbours exceeds, also at the borders.
    Peaks close to each other are all kept (see `suppress`).  The position inside the
    pixel is the vertex of the parabola through the peak and its two neighbours, for
    each axis separately, and at most half a pixel from the centre; a peak on the border
    of an axis stays at the pixel's centre.
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
    """Return the sub-pixel offsets of peaks along the first axis."""
    inside = (at > 0) & (at < len(height) - 1)
    middle = np.where(inside, at, 1)
    before, here, after = (height[middle + step, across] for step in (-1, 0, 1))
    bend = before - 2 * here + after
    # Three equal heights have no vertex; the peak then stays at the pixel's centre.
    curved = inside & (bend < 0)
    shift = 0.5 * (before - after) / np.where(curved, bend, 1.0)
    return np.where(curved, np.clip(shift, -0.5, 0.5), 0.0)


def suppress(
    vectors: NDArray[np.floating],
    scores: NDArray[np.floating],
    *,
    radius_degrees: float,
) -> NDArray[np.intp]:
    """Return one detection for each source, the best of those close together.

    The detection with the highest score is kept and those within the radius of it are
    dropped; this is repeated with the rest.

    Parameters
    ----------
    vectors : (n, 3) ndarray
        Directions of the detections, unit vectors in any frame.
    scores : (n,) ndarray
        Their scores.  Of two equal ones, that with the higher z, then y, then x comes
        first, so that the order of the rows does not matter.
    radius_degrees : float
        Radius on the sky in deg.

    Returns
    -------
    (m,) ndarray of intp
        The rows that are kept, by decreasing score.

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
    """Return the counts around peaks, each band on its own grid.

    Parameters
    ----------
    counts : mapping of str to (ny, nx) ndarray
        Counts of a patch by ``counts_<band>``, as
        `amphitrite.surveys.asid.prepare.tiling.Tiles.counts` returns them.
    row, column : (n,) ndarray
        Positions of the peaks on the mask's grid.
    bands : sequence of Band
        The bands, in the order of the last axis.
    pixels : int
        Pixels on a side; even.

    Returns
    -------
    (n, pixels, pixels, n_bands) ndarray of float32
        Counts (ct), axes peak, y, x, band; zero outside the patch.  On a grid s times
        as fine as the mask's, a peak at coordinate c is in pixel
        ``i = floor((c + 0.5) s)``, and the image covers the pixels
        ``[i - pixels / 2, i + pixels / 2)``.
    """
    half = pixels // 2
    window = np.arange(pixels)
    cut = np.zeros((len(row), pixels, pixels, len(bands)), np.float32)
    for number, band in enumerate(bands):
        padded = np.pad(np.asarray(counts[f"counts_{band.name}"]), half)
        rows, columns = (
            # The padding moves pixel i to i + half, so that the image begins at i.
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
    """Return the auxiliary inputs of the networks: counts, sub-pixel position, score.

    Parameters
    ----------
    cut : (n, ny, nx, n_bands) ndarray
        Counts around the peaks; see `cutouts`.
    row, column : (n,) ndarray
        Positions of the peaks on the mask's grid.
    score : (n,) ndarray
        Their response.
    peak_band : int
        Index along the last axis of the band whose grid is the mask's.

    Returns
    -------
    (n, 5) ndarray of float32
        log10 of 1 + all counts around the peak; log10 of 1 + the counts of the
        brightest of the 3 x 3 pixels of ``peak_band`` at the peak; the offsets of row
        and of column from the pixel's centre, -0.5 to 0.5; the score.
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
    """Return the pixel of a band's grid that contains a coordinate on the mask's."""
    scale = np.float32(band.pixels / MASK_PIXELS)
    pixel = np.floor((np.asarray(c, np.float32) + np.float32(0.5)) * scale)
    return np.asarray(np.clip(pixel, 0, band.pixels - 1), np.intp)
