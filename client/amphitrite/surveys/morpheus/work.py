"""Strips of an image on their way through the server."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from amphitrite.files.steady import Steady
from amphitrite.surveys.morpheus.interpret.sums import Sums
from amphitrite.surveys.morpheus.page import BANDS, LABELS, MODEL, PROBABILITIES
from amphitrite.surveys.morpheus.prepare.bands import Band
from amphitrite.surveys.morpheus.prepare.windows import (
    Strip,
    cut_windows,
    finite_windows,
)


@dataclass(frozen=True)
class StripOfBands:
    """One strip of the open images, whose files must not change meanwhile."""

    images: Mapping[str, Band]
    strip: Strip
    stride: int
    steady: Steady


@dataclass
class StripWork:
    """One strip on its way through the server (see `amphitrite.engine.execution.Work`).

    Parameters
    ----------
    pixels : ndarray of float32, shape (n_rows, nx, n_bands)
        The image rows that the strip's windows see, bands in H, J, V, z order.
    strip : Strip
        Which windows.
    stride, batch : int
        See `Options`.
    """

    pixels: NDArray[np.float32]
    strip: Strip
    stride: int
    batch: int
    sums: Sums = field(init=False)

    def __post_init__(self) -> None:
        first, stop = self.strip.core_rows
        shape = (len(LABELS), stop - first, self.pixels.shape[1])
        self.sums = Sums.zeros(first, shape)

    def requests(self) -> Iterator[tuple[Any, dict[str, NDArray[Any]]]]:
        """Yield where the windows of each batch are, and the batch itself."""
        ys, xs = finite_windows(self.pixels, self.strip.starts, self.stride)
        for at in range(0, len(ys), self.batch):
            y, x = ys[at : at + self.batch], xs[at : at + self.batch]
            windows = cut_windows(self.pixels, y - self.strip.starts[0], x)
            yield (y, x), {MODEL.inputs[0].name: windows}

    def add(self, where: Any, outputs: Mapping[str, NDArray[Any]]) -> None:
        """Add the answer to one batch."""
        ys, xs = where
        for y in np.unique(ys):
            row = ys == y
            self.sums.add_windows(int(y), xs[row], outputs[PROBABILITIES][row])

    def record(self) -> dict[str, NDArray[Any]]:
        """Return the strip's sums for the journal."""
        return self.sums.to_arrays()


def prepare(payload: StripOfBands, *, batch: int) -> StripWork:
    """Return one strip of the four bands, read from the images.

    Parameters
    ----------
    payload : StripOfBands
        Which strip of which images.
    batch : int
        Windows per request.

    Raises
    ------
    BadInput
        A file cannot be read there, or is not as it was.
    """
    rows = [payload.images[band].rows(*payload.strip.rows) for band in BANDS]
    payload.steady.check()  # no strip of another content gets into the journal
    return StripWork(
        np.stack(rows, axis=-1),
        payload.strip,
        payload.stride,
        batch,
    )
