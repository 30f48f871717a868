"""Segmentation of a classified image into sources.

The method follows Morpheus (Hausen & Robertson 2020, ApJS 248, 20, arXiv:1906.11248,
and its published program).  Pixels that all windows classify as background are sky,
those that no window does are source, and a watershed on the edges of the background map
decides on the others.  Sources that touch are then separated at the peaks of the H
image.

Maps are in (ny, nx) order and may be arrays, memory maps or
`amphitrite.files.images.Image`.  They are read in boxes, so that only the label map is
held in memory as a whole.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage.feature import peak_local_max
from skimage.filters import sobel
from skimage.segmentation import watershed

from amphitrite.errors import BadInput
from amphitrite.files.images import Box, PixelMap

MIN_DISTANCE: Final = 20
MAX_SEEDS: Final = 20
UNCLASSIFIED: Final = -1

_STRIP_PIXELS: Final = 1 << 22
_SKY: Final = 1
_SOURCE: Final = 2


def segment(
    background: PixelMap,
    count: PixelMap,
    flux: PixelMap,
    *,
    threshold: float = 0.0,
    min_distance: int = MIN_DISTANCE,
) -> NDArray[np.int32]:
    """Return the segmentation map of a classified image.

    Parameters
    ----------
    background : PixelMap
        (ny, nx) fraction of the windows in which background is the most probable class
        (the rank vote), 0 to 1.
    count : PixelMap
        (ny, nx) number of windows that classified the pixel; only pixels with a
        positive count are segmented.
    flux : PixelMap
        (ny, nx) the H image in any linear unit; NaN and infinities count as 0.
    threshold : float
        Largest background fraction of a pixel that marks a source, 0 <= value < 1.
    min_distance : int
        Least distance in pixels (along y and x) between two peaks that separate a
        source, and of a peak from the edge of the source's bounding box.

    Returns
    -------
    ndarray
        (ny, nx) int32: the source's id from 1 on, 0 for sky, -1 for pixels that are not
        classified.  Ids increase in the order of each source's first pixel, except that
        the parts of a separated source get new ids after the largest one.

    Raises
    ------
    BadInput
        ``threshold`` is out of range or the maps differ in shape.

    Notes
    -----
    The flood of a watershed does not cross sky markers, so that the result for each
    connected island of pixels that are not sky depends only on its own pixels and the
    adjacent sky markers.  Islands are therefore flooded one by one, each in its
    bounding box, extended by the two pixels that the Sobel filter needs.  The result is
    the same as for the whole image, with memory for the largest island only.

    Markers of equal edge strength are flooded in the order of their rows and columns.
    In the original program that order depends on all other markers of the image, so
    that single pixels may differ from it.  An island without a source marker is sky;
    the original program makes it one source if the image has no marker at all.
    """
    _check(background, count, flux, threshold)
    source = _flood_islands(background, count, threshold)
    labels = np.empty(source.shape, dtype=np.int32)
    ndimage.label(source, output=labels)
    for strip in strips(labels.shape):
        labels[strip][~(count[strip] > 0)] = UNCLASSIFIED
    _separate(labels, flux, min_distance)
    return labels


def _check(
    background: PixelMap, count: PixelMap, flux: PixelMap, threshold: float
) -> None:
    if not 0 <= threshold < 1:
        raise BadInput(
            f"threshold must be at least 0 and below 1; received {threshold}"
        )
    shapes = tuple(tuple(pixels.shape) for pixels in (background, count, flux))
    if len(set(shapes)) != 1:
        raise BadInput(
            "background, count and flux must have one shape; received "
            f"{shapes[0]}, {shapes[1]} and {shapes[2]}"
        )


def strips(shape: tuple[int, ...]) -> Iterator[Box]:
    """Yield strips of whole rows with a few million pixels each."""
    height = max(1, _STRIP_PIXELS // max(1, shape[1]))
    for y0 in range(0, shape[0], height):
        yield slice(y0, min(y0 + height, shape[0])), slice(None)


def _flood_islands(
    background: PixelMap, count: PixelMap, threshold: float
) -> NDArray[np.bool_]:
    """Return the mask of the pixels of sources, (ny, nx) bool."""
    source = np.zeros(tuple(background.shape), dtype=bool)
    for strip in strips(source.shape):
        source[strip] = (count[strip] > 0) & (background[strip] != 1)
    islands = np.empty(source.shape, dtype=np.int32)
    n_islands = ndimage.label(source, output=islands)
    _keep_seeded(islands, n_islands, background, threshold)
    source[:] = False
    for number, box in enumerate(ndimage.find_objects(islands), start=1):
        wide = _widen(box, source.shape)
        island = islands[wide] == number
        share = _native(background[wide])
        source[wide] |= _flood(share, count[wide] > 0, island, threshold)
    return source


def _keep_seeded(
    islands: NDArray[np.int32], n_islands: int, background: PixelMap, threshold: float
) -> None:
    """Remove the islands without a source marker and renumber the others, in place."""
    seeded = np.zeros(n_islands + 1, dtype=bool)
    for strip in strips(islands.shape):
        seeded[islands[strip][background[strip] <= threshold]] = True
    seeded[0] = False
    numbers = np.where(seeded, np.cumsum(seeded), 0).astype(np.int32)
    for strip in strips(islands.shape):
        islands[strip] = numbers[islands[strip]]


def _native(pixels: NDArray[Any]) -> NDArray[Any]:
    """Return an array in this machine's byte order."""
    return np.asarray(pixels, dtype=pixels.dtype.newbyteorder("="))


def _widen(box: Box, shape: tuple[int, ...]) -> Box:
    """Return a box with two more pixels on each side, as far as the image extends."""
    y, x = (
        slice(max(side.start - 2, 0), min(side.stop + 2, length))
        for side, length in zip(box, shape, strict=True)
    )
    return y, x


def _flood(
    background: NDArray[Any],
    classified: NDArray[np.bool_],
    island: NDArray[np.bool_],
    threshold: float,
) -> NDArray[np.bool_]:
    """Return the pixels of one island that belong to sources."""
    seeds = island & (background <= threshold)
    sky = ndimage.binary_dilation(island) & classified & (background == 1)
    markers = np.zeros(island.shape, dtype=np.int32)
    markers[sky] = _SKY
    markers[seeds] = _SOURCE
    order = _flood_order(sobel(background), markers)
    flooded: NDArray[np.bool_] = watershed(order, markers, mask=island | sky) == _SOURCE
    return flooded


def _flood_order(edges: NDArray[Any], markers: NDArray[np.int32]) -> NDArray[Any]:
    """Return the rank of pixels by edge strength, for use in a watershed.

    Markers of equal strength are ranked in raster order, before other pixels of that
    strength.  The other pixels share a rank, so that they are flooded in the order in
    which they are reached.
    """
    _, level = np.unique(edges, return_inverse=True)
    within = np.where(markers.ravel() > 0, np.arange(edges.size), edges.size)
    order: NDArray[Any] = level.reshape(edges.shape) * float(edges.size + 1)
    order += within.reshape(edges.shape)
    return order


def _separate(labels: NDArray[np.int32], flux: PixelMap, min_distance: int) -> None:
    """Separate sources with several peaks in the H image, in place."""
    boxes = ndimage.find_objects(labels)
    last = len(boxes)
    for number, box in enumerate(boxes, start=1):
        if min(side.stop - side.start for side in box) <= 2 * min_distance:
            continue  # every pixel is too close to the edge to be a peak
        # Not read before the loop: an earlier source may have taken one in its hole.
        mine = labels[box] == number
        filled = ndimage.binary_fill_holes(mine, structure=np.ones((3, 3)))
        light = np.where(mine, finite(flux[box]), 0)
        peaks = peak_local_max(light, min_distance=min_distance, num_peaks=MAX_SEEDS)
        if len(peaks) < 2:
            continue
        markers = np.zeros(mine.shape, dtype=np.int32)
        markers[tuple(peaks.T)] = np.arange(last + 1, last + 1 + len(peaks))
        last += len(peaks)
        parts = watershed(-light, markers, mask=filled)
        labels[box] = np.where(filled, parts, labels[box])


def finite(flux: NDArray[Any]) -> NDArray[Any]:
    """Return the flux with NaN and infinities replaced by 0."""
    return np.where(np.isfinite(flux), _native(flux), 0)
