"""Pixels that are exactly 0 because no exposure reached them.

Drizzled mosaics mark such pixels with 0 rather than NaN: borders, gaps between chips
and masked stars, all of them connected areas.  Noise makes a pixel exactly 0 too, in
images of whole numbers even often, but hardly ever many that hang together.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from amphitrite.files.images import Image

EDGE_PIXELS: Final = 16
HOLE_PIXELS: Final = 100
"""Least size of an area of zeros without data: at the image's edge, and elsewhere.

In white noise of whole numbers with a quarter of all pixels exactly 0, areas of 16
pixels stand at 1 in 9,000 of them and none of 50 was seen in 36 million pixels; with
37 per cent (a Poisson mean of 1), areas of 100 stand at 1 in 7 million.
"""

_STRIP_PIXELS: Final = 4_000_000


class Blank:
    """The pixels of an image without data.

    Parameters
    ----------
    shape : tuple of int
        (ny, nx), in pixels.
    height : int
        Rows of a strip.
    strips : list of (bytes, or None)
        The mask of each strip of rows, eight pixels to a byte; None where every pixel
        holds data.

    Attributes
    ----------
    n_pixels : int
        Number of pixels without data.
    """

    def __init__(
        self,
        shape: tuple[int, int],
        height: int,
        strips: list[NDArray[np.uint8] | None],
    ) -> None:
        self.shape = shape
        self._height = height
        self._strips = strips
        self.n_pixels = sum(
            int(np.bitwise_count(strip).sum()) for strip in strips if strip is not None
        )

    def rows(self, y0: int, y1: int) -> NDArray[np.bool_]:
        """Return the mask of the rows ``y0 <= y < y1``, (y1 - y0, nx) bool."""
        mask = np.zeros((y1 - y0, self.shape[1]), dtype=bool)
        for number in range(y0 // self._height, -(-y1 // self._height)):
            strip = self._strips[number]
            if strip is None:
                continue
            first = number * self._height
            top, stop = max(y0, first), min(y1, first + self._height)
            bits = strip[top - first : stop - first]
            mask[top - y0 : stop - y0] = np.unpackbits(
                bits, axis=1, count=self.shape[1]
            )
        return mask


def find_blank(image: Image, *, height: int | None = None) -> Blank:
    """Return the pixels of an image that hold no data.

    Parameters
    ----------
    image : Image
        The image, which is read once, in strips of rows.
    height : int, optional
        Rows of a strip; by default a few million pixels.

    Returns
    -------
    Blank
        Areas of pixels that are exactly 0 and share sides, if they have `HOLE_PIXELS`,
        or touch the edge of the image and have `EDGE_PIXELS`.  The same for any height.

    Raises
    ------
    BadInput
        See `amphitrite.files.images.Image.rows`.
    """
    ny, nx = image.shape
    height = height or max(1, _STRIP_PIXELS // nx)
    zeros = [
        _packed(image.rows(y0, min(y0 + height, ny)) == 0)
        for y0 in range(0, ny, height)
    ]
    if all(strip is None for strip in zeros):
        return Blank(image.shape, height, zeros)
    kept = _large_areas(zeros, nx)
    return Blank(
        image.shape,
        height,
        [
            None if labels is None else _packed(kept[labels])
            for labels in _labelled(zeros, nx)
        ],
    )


def _packed(mask: NDArray[np.bool_]) -> NDArray[np.uint8] | None:
    """Return a mask with eight pixels to a byte; None if it is empty."""
    return np.packbits(mask, axis=1) if mask.any() else None


def _labelled(
    zeros: list[NDArray[np.uint8] | None], nx: int
) -> Iterator[NDArray[np.intp] | None]:
    """Yield the numbers of the areas in each strip, 0 for other pixels.

    Numbers go on from strip to strip, so that an area has one in each.
    """
    last = 0
    for strip in zeros:
        if strip is None:
            yield None
            continue
        labels, n = ndimage.label(np.unpackbits(strip, axis=1, count=nx))
        yield np.where(labels > 0, labels.astype(np.intp) + last, 0)
        last += n


def _large_areas(zeros: list[NDArray[np.uint8] | None], nx: int) -> NDArray[np.bool_]:
    """Return whether the area of each number is large enough to hold no data."""
    sizes: list[NDArray[Any]] = [np.zeros(1, dtype=np.intp)]
    at_edge: list[NDArray[Any]] = []
    joints: list[NDArray[Any]] = []
    above: NDArray[Any] | None = None
    n = 0
    for number, labels in enumerate(_labelled(zeros, nx)):
        if labels is None:
            above = None
            continue
        counts = np.bincount(labels.ravel(), minlength=n + 1)[n + 1 :]
        sizes.append(counts)
        n += len(counts)
        at_edge += [labels[:, 0], labels[:, -1]]
        at_edge += [labels[0]] if number == 0 else []
        at_edge += [labels[-1]] if number == len(zeros) - 1 else []
        if above is not None:
            both = (above > 0) & (labels[0] > 0)
            joints.append(np.stack([above[both], labels[0][both]]))
        above = labels[-1]
    return _joined(np.concatenate(sizes), np.concatenate(at_edge), joints)


def _joined(
    sizes: NDArray[Any], at_edge: NDArray[Any], joints: list[NDArray[Any]]
) -> NDArray[np.bool_]:
    """Return whether each number's area is large, once its parts are put together."""
    n = len(sizes)
    pairs = np.concatenate([np.zeros((2, 0), np.intp), *joints], axis=1)
    graph = coo_array((np.ones(pairs.shape[1]), tuple(pairs)), shape=(n, n))
    _, area = connected_components(graph, directed=False)
    size = np.bincount(area, sizes)
    edge = np.zeros(len(size), dtype=bool)
    edge[area[at_edge[at_edge > 0]]] = True
    large = (size >= HOLE_PIXELS) | (edge & (size >= EDGE_PIXELS))
    kept: NDArray[np.bool_] = large[area]
    kept[0] = False
    return kept
