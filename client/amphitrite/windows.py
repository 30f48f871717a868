"""Overlapping windows over an image, and what they say together of each pixel.

The model sees windows of 40 x 40 pixels; only the central 30 x 30 of each count.  A
pixel is therefore judged by up to 900 windows at stride 1, and the mean, the variance
and the vote over those windows are the products.

Sums are kept as integers, each probability rounded to a multiple of 2**-26 (1.5e-8).
Integer sums do not depend on their order: whatever the strips, the batches, the order
of the answers or the interruptions of a run, the products are the same to the bit.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from amphitrite.errors import BadInput

WINDOW: Final = 40
MARGIN: Final = 5
SCALE_BITS: Final = 26

_CORE: Final = WINDOW - 2 * MARGIN
_SCALE: Final = np.float32(2**SCALE_BITS)


def window_starts(length: int, stride: int) -> NDArray[np.intp]:
    """Return the first pixel of every window along one axis.

    The last window ends at the image's edge whatever the stride, so that the same
    pixels are classified at every stride.

    Parameters
    ----------
    length : int
        Number of pixels along the axis; at least 40.
    stride : int
        Pixels from one window to the next; at most 30, or pixels would be missed.

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
    """The rows of windows that are worked on together.

    Parameters
    ----------
    starts : tuple of int
        First image row of each row of windows, ascending.
    """

    starts: tuple[int, ...]

    @property
    def rows(self) -> tuple[int, int]:
        """First and last-plus-one image row that the windows see."""
        return self.starts[0], self.starts[-1] + WINDOW

    @property
    def core_rows(self) -> tuple[int, int]:
        """First and last-plus-one image row that the windows judge."""
        return self.starts[0] + MARGIN, self.starts[-1] + WINDOW - MARGIN


def strips(n_rows: int, *, stride: int, height: int) -> list[Strip]:
    """Divide an image into strips.

    Parameters
    ----------
    n_rows : int
        Number of image rows.
    stride : int
        Pixels from one window to the next.
    height : int
        Image rows over which the windows of one strip start.
    """
    starts = window_starts(n_rows, stride)
    groups = np.split(starts, np.flatnonzero(np.diff(starts // height)) + 1)
    return [Strip(tuple(int(start) for start in group)) for group in groups]


@dataclass
class Sums:
    """Integer sums over windows, for some rows of the image.

    Parameters
    ----------
    first_row : int
        The image row of index 0.
    total, squares : ndarray of int64, shape (n_labels, n_rows, nx)
        Sums of the probabilities and of their squares, in units of 2**-26 and 2**-52.
    votes : ndarray of int16, shape (n_labels, n_rows, nx)
        Number of windows in which the label is the most probable.
    count : ndarray of int16, shape (n_rows, nx)
        Number of windows that judge the pixel.
    """

    first_row: int
    total: NDArray[np.int64]
    squares: NDArray[np.int64]
    votes: NDArray[np.int16]
    count: NDArray[np.int16]

    @classmethod
    def zeros(cls, first_row: int, shape: tuple[int, int, int]) -> Sums:
        """Return sums over no window, of shape (n_labels, n_rows, nx)."""
        return cls(
            first_row,
            np.zeros(shape, np.int64),
            np.zeros(shape, np.int64),
            np.zeros(shape, np.int16),
            np.zeros(shape[1:], np.int16),
        )

    @property
    def n_rows(self) -> int:
        """Number of image rows covered."""
        return int(self.count.shape[0])

    def add_windows(
        self, y: int, xs: NDArray[np.intp], probabilities: NDArray[np.float32]
    ) -> None:
        """Add windows that start at the same image row.

        Parameters
        ----------
        y : int
            First image row of the windows.
        xs : ndarray of int, shape (n,)
            First image column of each window, without repetition.
        probabilities : ndarray of float32, shape (n, 40, 40, n_labels)
            The network's answers.
        """
        core = probabilities[:, MARGIN:-MARGIN, MARGIN:-MARGIN, :]
        # (x, label, y, window): the additions below then run along the windows.
        answers = np.ascontiguousarray(core.transpose(2, 3, 1, 0))
        voted = _first_of_largest(answers)
        whole = np.rint(answers * _SCALE).astype(np.int32)
        squared = np.empty(whole.shape[1:], np.int64)
        rows = slice(y + MARGIN - self.first_row, y + WINDOW - MARGIN - self.first_row)
        for offset in range(_CORE):
            columns = _as_slice(xs + (MARGIN + offset))
            np.multiply(whole[offset], whole[offset], out=squared, dtype=np.int64)
            self.total[:, rows, columns] += whole[offset]
            self.squares[:, rows, columns] += squared
            self.votes[:, rows, columns] += voted[offset]
            self.count[rows, columns] += 1

    def add(self, other: Sums) -> None:
        """Add sums whose rows lie within these."""
        first = other.first_row - self.first_row
        rows = slice(first, first + other.n_rows)
        self.total[:, rows] += other.total
        self.squares[:, rows] += other.squares
        self.votes[:, rows] += other.votes
        self.count[rows] += other.count

    def cut(self, row: int) -> tuple[Sums, Sums]:
        """Split before an image row, into the rows above and the rest."""
        at = row - self.first_row
        parts = (slice(None, at), slice(at, None))
        above, rest = (
            Sums(
                self.first_row + (part.start or 0),
                self.total[:, part],
                self.squares[:, part],
                self.votes[:, part],
                self.count[part],
            )
            for part in parts
        )
        return above, rest

    def mean(self) -> NDArray[np.float32]:
        """Return the mean probabilities, (n_labels, n_rows, nx); 0 where count is 0."""
        return np.asarray(self._per_window(self.total) / 2**SCALE_BITS, np.float32)

    def variance(self) -> NDArray[np.float32]:
        """Return the population variance, like `mean`."""
        mean = self._per_window(self.total) / 2**SCALE_BITS
        second = self._per_window(self.squares) / 4**SCALE_BITS
        return np.asarray(np.maximum(second - mean * mean, 0.0), np.float32)

    def rank_vote(self) -> NDArray[np.float32]:
        """Return the share of windows in which each label ranks first, like `mean`."""
        vote: NDArray[np.float32] = self._per_window(self.votes).astype(np.float32)
        return vote

    def _per_window(self, sums: NDArray[Any]) -> NDArray[np.float64]:
        mean: NDArray[np.float64] = sums / np.maximum(self.count, 1)
        return mean

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Return what `from_arrays` needs to restore the sums."""
        return {
            "first_row": np.array(self.first_row),
            "total": self.total,
            "squares": self.squares,
            "votes": self.votes,
            "count": self.count,
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> Sums:
        """Restore sums from `to_arrays`."""
        return cls(**{**arrays, "first_row": int(arrays["first_row"])})  # type: ignore[arg-type]


def _first_of_largest(answers: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Return where each label is the most probable, (x, label, y, window).

    Of labels that are equal to the last bit the first one counts.
    """
    voted: NDArray[np.bool_] = answers == answers.max(axis=1, keepdims=True)
    if np.count_nonzero(voted) > voted.size // voted.shape[1]:
        labels = np.arange(voted.shape[1])[:, None, None]
        voted = answers.argmax(axis=1)[:, None] == labels
    return voted


def _as_slice(columns: NDArray[np.intp]) -> slice | NDArray[np.intp]:
    """Return evenly spaced columns as a slice, which numpy adds far faster."""
    if len(columns) == 1:
        return slice(int(columns[0]), int(columns[0]) + 1)
    steps = np.diff(columns)
    if (steps == steps[0]).all():
        return slice(int(columns[0]), int(columns[-1]) + 1, int(steps[0]))
    return columns


def finite_windows(
    pixels: NDArray[np.float32], starts: tuple[int, ...], stride: int
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return where the windows of a strip are, those with bad pixels left out.

    A pixel that is not finite acts like the image's edge: no window may hold it, so
    the pixels within five of it are judged by none.

    Parameters
    ----------
    pixels : ndarray of float32, shape (n_rows, nx, n_bands)
        The image rows that the windows see.
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
    """Return windows of an image as one array, (n, 40, 40, n_bands).

    Parameters
    ----------
    pixels : ndarray of float32, shape (n_rows, nx, n_bands)
        Image rows.
    ys, xs : ndarray of int, shape (n,)
        First row (of ``pixels``) and column of each window.
    """
    views = sliding_window_view(pixels, (WINDOW, WINDOW), axis=(0, 1))
    return np.ascontiguousarray(views.transpose(0, 1, 3, 4, 2)[ys, xs])


def merge(parts: Iterable[Sums]) -> Iterator[Sums]:
    """Join strips, in ascending order, into sums that are complete for their rows.

    Only the rows that the next strip can still add to are held back; the strips'
    arrays are added to in place.
    """
    held: Sums | None = None
    for part in parts:
        if held is not None and held.n_rows:
            done, overlap = held.cut(min(part.first_row, held.first_row + held.n_rows))
            if done.n_rows:
                yield done
            if overlap.n_rows:
                part.add(overlap)
            held = part
        else:
            held = part
    if held is not None:
        yield held
