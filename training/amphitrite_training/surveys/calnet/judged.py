"""Simulated stars with their scores and periods in a catalogue."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from amphitrite_training.evaluation.rows import Rows
from amphitrite_training.surveys.calnet.simulate.stars import BINARIES

# Limits of the clear cases, for which there are targets of recall and precision.
CLEAR_TMAG: Final = 13.0
CLEAR_DEPTH: Final = 0.03


@dataclass(frozen=True)
class JudgedStars(Rows):
    """Simulated stars with the scores and periods of a catalogue.

    Parameters
    ----------
    seed : (n,) ndarray of int64
        The seed that each star was drawn from.
    kind : (n,) ndarray of str
        The kind of each star, one of
        `amphitrite_training.surveys.calnet.simulate.stars.KINDS`.
    tmag, period, depth : (n,) ndarray
        TESS magnitude; orbital period in days, 0 for none; depth of the deepest
        eclipse.
    p_eb : (n,) ndarray
        The catalogue's score; NaN where the star is not in it.
    found_period : (n,) ndarray
        The catalogue's period, days; NaN for none.
    """

    seed: NDArray[np.int64]
    kind: NDArray[np.str_]
    tmag: NDArray[np.floating]
    period: NDArray[np.floating]
    depth: NDArray[np.floating]
    p_eb: NDArray[np.floating]
    found_period: NDArray[np.floating]

    def __len__(self) -> int:
        return len(self.kind)

    @property
    def is_binary(self) -> NDArray[np.bool_]:
        """Which stars are eclipsing binaries."""
        return np.isin(self.kind, BINARIES)

    @property
    def is_clear(self) -> NDArray[np.bool_]:
        """Which stars are bright and, if they are binaries, have deep eclipses."""
        deep = (self.depth > CLEAR_DEPTH) | ~self.is_binary
        return np.asarray((self.tmag < CLEAR_TMAG) & deep)
