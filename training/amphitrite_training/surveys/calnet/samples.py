"""Segments of light curves as the network sees them, kept on the disk in chunks.

Light curves and periodograms are kept in 16 bits: the graph scales both inputs to 0..1
anyway, and 1/65535 of the range is below any noise.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import ClassVar, Final

import numpy as np
from numpy.typing import NDArray

from amphitrite_training.fitting.chunks import loaded

Floats = NDArray[np.floating]

_STEPS: Final = np.float32(65_535)
_CONTENTS: Final = "segments"  # for messages


@dataclass(frozen=True)
class Labels:
    """Labels of segments.

    Parameters
    ----------
    star : (n,) ndarray of int64
        The seed, or the TIC number, of the star: segments of one star stay together.
    is_binary : (n,) ndarray of bool
        Whether the star is an eclipsing binary, of which the segment shows an eclipse.
    kind : (n,) ndarray of str
        The kind of the star.
    tmag : (n,) ndarray of float32
        TESS magnitude; NaN if not known.
    """

    star: NDArray[np.int64]
    is_binary: NDArray[np.bool_]
    kind: NDArray[np.str_]
    tmag: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.star)


@dataclass(frozen=True)
class Samples:
    """Segments in chunks that are read when they are asked for.

    Parameters
    ----------
    light_curves, periodograms : sequence of ndarray
        (n_chunk, 4000) and (n_chunk, 1000) uint16 per chunk, 0 to 65535.
    labels : Labels
        Of the segments of all chunks.
    """

    light_curves: Sequence[NDArray[np.uint16]]
    periodograms: Sequence[NDArray[np.uint16]]
    labels: Labels

    def __len__(self) -> int:
        return len(self.labels)

    def take(
        self, chosen: NDArray[np.integer]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return light curves and periodograms of some segments, each 0 to 1.

        Parameters
        ----------
        chosen : (n,) ndarray of int
            Indices of the segments.

        Returns
        -------
        light_curves : (n, 4000) ndarray of float32
        periodograms : (n, 1000) ndarray of float32
        """
        ends = np.cumsum([len(chunk) for chunk in self.light_curves])
        chunk = np.searchsorted(ends, chosen, side="right")
        row = chosen - np.concatenate([[0], ends])[chunk]
        light_curves, periodograms = (
            np.stack([chunks[c][r] for c, r in zip(chunk, row, strict=True)])
            for chunks in (self.light_curves, self.periodograms)
        )
        return (
            light_curves.astype(np.float32) / _STEPS,
            periodograms.astype(np.float32) / _STEPS,
        )


@dataclass(frozen=True)
class Sample:
    """One prepared segment with its labels.

    Parameters
    ----------
    light_curve, periodogram : (4000,), (1000,) ndarray
        As the client prepares them, in any linear unit.
    star, is_binary, kind, tmag
        See `Labels`.
    """

    light_curve: Floats
    periodogram: Floats
    star: int
    is_binary: bool
    kind: str
    tmag: float


class LightCurves:
    """A chunk of segments; see `amphitrite_training.fitting.chunks.Chunk`."""

    KEPT_AS: ClassVar[str] = "light_curves/calnet"
    CONTENTS: ClassVar[str] = "prepared light curves"
    ROOM: ClassVar[str] = "10 kB for each segment"
    VERSION: ClassVar[int] = 1

    def samples(self) -> Iterator[Sample]:
        """Yield the prepared segments; the same ones each time."""
        raise NotImplementedError

    def write(self, folder: Path) -> None:
        """Write the segments into an existing folder."""
        write(self.samples(), folder)


def quantised(curve: Floats) -> NDArray[np.uint16]:
    """Scale a curve to 0..65535; a constant one becomes 0."""
    curve = np.asarray(curve, dtype=float)
    height = np.ptp(curve)
    if not height > 0:
        return np.zeros(curve.shape, np.uint16)
    steps = np.round((curve - curve.min()) / height * float(_STEPS))
    return np.asarray(steps, dtype=np.uint16)


def write(samples: Iterable[Sample], folder: Path) -> None:
    """Write a chunk of segments into an existing folder.

    Parameters
    ----------
    samples : iterable of Sample
        May be empty.
    folder : Path
        Gets three files.
    """
    rows = list(samples)
    for name in ("light_curve", "periodogram"):
        curves = [quantised(getattr(row, name)) for row in rows]
        stacked = np.stack(curves) if curves else np.zeros((0, 0), np.uint16)
        np.save(folder / f"{name}s.npy", stacked)
    np.savez(
        folder / "labels.npz",
        star=np.array([row.star for row in rows], np.int64),
        is_binary=np.array([row.is_binary for row in rows], bool),
        kind=np.array([row.kind for row in rows], dtype="U16"),
        tmag=np.array([row.tmag for row in rows], np.float32),
    )


def read(folders: Sequence[Path]) -> Samples:
    """Return the segments of chunks that `write` has written.

    Parameters
    ----------
    folders : sequence of Path
        One per chunk.

    Raises
    ------
    BadInput
        A chunk is damaged.
    """
    tables = [loaded(folder / "labels.npz", _CONTENTS) for folder in folders]
    names = [field.name for field in fields(Labels)]
    return Samples(
        light_curves=[
            loaded(folder / "light_curves.npy", _CONTENTS) for folder in folders
        ],
        periodograms=[
            loaded(folder / "periodograms.npy", _CONTENTS) for folder in folders
        ],
        labels=Labels(
            *(np.concatenate([table[name] for table in tables]) for name in names)
        ),
    )
