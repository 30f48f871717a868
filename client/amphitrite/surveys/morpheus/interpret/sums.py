"""Exact sums of the probabilities of overlapping windows.

Sums are integers, with each probability rounded to a multiple of 2**-26 (1.5e-8).
Integer sums do not depend on their order, so that the products are identical to the bit
for all strips, batches, orders of answers and interruptions of a run.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from amphitrite.surveys.morpheus.page import MARGIN, WINDOW
from amphitrite.surveys.morpheus.prepare.windows import _CORE

SCALE_BITS: Final = 26
_SCALE: Final = np.float32(2**SCALE_BITS)


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
        Number of windows that classify the pixel.
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
        """Number of image rows."""
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
        # Axes (x, label, y, window), so that the additions below run along windows.
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
        """Add sums whose rows are among the rows of these."""
        first = other.first_row - self.first_row
        rows = slice(first, first + other.n_rows)
        self.total[:, rows] += other.total
        self.squares[:, rows] += other.squares
        self.votes[:, rows] += other.votes
        self.count[rows] += other.count

    def cut(self, row: int) -> tuple[Sums, Sums]:
        """Return the sums of the rows before an image row, and those of the rest."""
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
        """Return the population variance between windows, with the shape of `mean`."""
        mean = self._per_window(self.total) / 2**SCALE_BITS
        second = self._per_window(self.squares) / 4**SCALE_BITS
        return np.asarray(np.maximum(second - mean * mean, 0.0), np.float32)

    def rank_vote(self) -> NDArray[np.float32]:
        """Return the fraction of windows with each label first, shaped like `mean`."""
        vote: NDArray[np.float32] = self._per_window(self.votes).astype(np.float32)
        return vote

    def _per_window(self, sums: NDArray[Any]) -> NDArray[np.float64]:
        mean: NDArray[np.float64] = sums / np.maximum(self.count, 1)
        return mean

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Return the sums as arrays, for the journal."""
        return {
            "first_row": np.array(self.first_row),
            "total": self.total,
            "squares": self.squares,
            "votes": self.votes,
            "count": self.count,
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> Sums:
        """Return the sums that `to_arrays` stored."""
        return cls(**{**arrays, "first_row": int(arrays["first_row"])})  # type: ignore[arg-type]


def _first_of_largest(answers: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Return whether each label is the most probable, (x, label, y, window).

    Of labels with exactly equal probabilities the first one counts.
    """
    voted: NDArray[np.bool_] = answers == answers.max(axis=1, keepdims=True)
    if np.count_nonzero(voted) > voted.size // voted.shape[1]:
        labels = np.arange(voted.shape[1])[:, None, None]
        voted = answers.argmax(axis=1)[:, None] == labels
    return voted


def _as_slice(columns: NDArray[np.intp]) -> slice | NDArray[np.intp]:
    """Return evenly spaced columns as a slice, which is much faster in additions."""
    if len(columns) == 1:
        return slice(int(columns[0]), int(columns[0]) + 1)
    steps = np.diff(columns)
    if (steps == steps[0]).all():
        return slice(int(columns[0]), int(columns[-1]) + 1, int(steps[0]))
    return columns


def merge(parts: Iterable[Sums]) -> Iterator[Sums]:
    """Yield sums that are complete for their rows, from the sums of strips.

    Only the rows to which the next strip may add are held back.

    Parameters
    ----------
    parts : iterable of Sums
        The sums of strips in increasing order; their arrays are changed.
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
