"""From per-pixel classes to sources: a segmentation map, and what it measures.

Follows Morpheus (Hausen & Robertson 2020, ApJS 248, 20, arXiv:1906.11248,
and its published program): pixels that every window calls background are sky, those
that none does are source, and a watershed on the edges of the background map decides
the rest; sources that touch are then separated at the peaks of the H image.

Maps are in (ny, nx) order and may be arrays, memory maps or
`amphitrite.files.images.Image`: they are read by boxes, so that only the label map is
held whole.
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
    """Outline every source of a classified image.

    Parameters
    ----------
    background : PixelMap
        (ny, nx) share of the windows that call the pixel background (the rank vote),
        0 to 1.
    count : PixelMap
        (ny, nx) number of windows that classified the pixel; only pixels with a
        positive count are segmented.
    flux : PixelMap
        (ny, nx) the H image, in any linear unit; NaN and infinities count as 0.
    threshold : float
        The largest background share of a pixel that marks a source, 0 <= value < 1.
    min_distance : int
        Two peaks of one source closer than this many pixels (along y and x) are one;
        nor does a peak count so close to the edge of the source's bounding box.

    Returns
    -------
    ndarray
        (ny, nx) int32: the source's id from 1 on, 0 for sky, -1 where nothing was
        classified.  Ids ascend in the order of each source's first pixel, except that
        the parts of a separated source take new ids after the largest one.

    Raises
    ------
    BadInput
        ``threshold`` is out of range or the maps differ in shape.

    Notes
    -----
    A pixel is never reached by the flood through a sky marker, so that each connected
    island of pixels that are not sky is decided by its own pixels and the sky markers
    beside it.  Islands are flooded one by one, each in its bounding box with the two
    surrounding pixels which the Sobel filter at those markers needs.  The result is
    that of a flood of the whole image, in memory that grows with the largest island.

    Markers on an equal edge strength start in the order of their rows and columns.
    The original program leaves that order to its queue, where it depends on all other
    markers of the image; single pixels on such ties may differ from it.  An island
    without any source marker is sky, also where the original, finding no marker at
    all, would call it one source.
    """
    _check(background, count, flux, threshold)
    source = _flood_islands(background, count, threshold)
    labels = np.empty(source.shape, dtype=np.int32)
    ndimage.label(source, output=labels)
    for strip in _strips(labels.shape):
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


def _strips(shape: tuple[int, ...]) -> Iterator[Box]:
    """Cut an image into runs of whole rows of a few million pixels."""
    height = max(1, _STRIP_PIXELS // max(1, shape[1]))
    for y0 in range(0, shape[0], height):
        yield slice(y0, min(y0 + height, shape[0])), slice(None)


def _flood_islands(
    background: PixelMap, count: PixelMap, threshold: float
) -> NDArray[np.bool_]:
    """Return where sources are: (ny, nx) bool."""
    source = np.zeros(tuple(background.shape), dtype=bool)
    for strip in _strips(source.shape):
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
    """Erase the islands without a source marker and renumber the others, in place."""
    seeded = np.zeros(n_islands + 1, dtype=bool)
    for strip in _strips(islands.shape):
        seeded[islands[strip][background[strip] <= threshold]] = True
    seeded[0] = False
    numbers = np.where(seeded, np.cumsum(seeded), 0).astype(np.int32)
    for strip in _strips(islands.shape):
        islands[strip] = numbers[islands[strip]]


def _native(pixels: NDArray[Any]) -> NDArray[Any]:
    """Return an array in this machine's byte order."""
    return np.asarray(pixels, dtype=pixels.dtype.newbyteorder("="))


def _widen(box: Box, shape: tuple[int, ...]) -> Box:
    """Add two pixels around a box, as far as the image goes."""
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
    """Rank pixels by edge strength, with markers of equal strength in raster order.

    Markers precede other pixels of their strength, as they do in a watershed's queue;
    the other ones share a rank, which leaves their order to the time of entry.
    """
    _, level = np.unique(edges, return_inverse=True)
    within = np.where(markers.ravel() > 0, np.arange(edges.size), edges.size)
    order: NDArray[Any] = level.reshape(edges.shape) * float(edges.size + 1)
    order += within.reshape(edges.shape)
    return order


def _separate(labels: NDArray[np.int32], flux: PixelMap, min_distance: int) -> None:
    """Give each of several H peaks in one source its own label, in place."""
    boxes = ndimage.find_objects(labels)
    last = len(boxes)
    for number, box in enumerate(boxes, start=1):
        if min(side.stop - side.start for side in box) <= 2 * min_distance:
            continue  # every pixel is too close to the edge to be a peak
        # Read now, since a source in the hole of an earlier one may be gone by now.
        mine = labels[box] == number
        filled = ndimage.binary_fill_holes(mine, structure=np.ones((3, 3)))
        light = np.where(mine, _finite(flux[box]), 0)
        peaks = peak_local_max(light, min_distance=min_distance, num_peaks=MAX_SEEDS)
        if len(peaks) < 2:
            continue
        markers = np.zeros(mine.shape, dtype=np.int32)
        markers[tuple(peaks.T)] = np.arange(last + 1, last + 1 + len(peaks))
        last += len(peaks)
        parts = watershed(-light, markers, mask=filled)
        labels[box] = np.where(filled, parts, labels[box])


def _finite(flux: NDArray[Any]) -> NDArray[Any]:
    """Return the flux with NaN and infinities replaced by 0."""
    return np.where(np.isfinite(flux), _native(flux), 0)
