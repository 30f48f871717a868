"""The learned values of a network for inspirals: how often noise alone is so loud."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from amphitrite.errors import BadInput, SpecMismatch
from amphitrite.surveys.emri.page import LEAST_ALARMS
from amphitrite.triton.spec import ModelSpec, reading_learned


@dataclass(frozen=True)
class NoiseRun:
    """The statistics of segments of noise alone.

    Parameters
    ----------
    n : int
        How many segments were judged.
    loudest : (m,) ndarray of float64
        The largest of their statistics, in falling order; all others are smaller.
    """

    n: int
    loudest: NDArray[np.float64]

    @classmethod
    def of(cls, statistics: NDArray[np.floating], keep: int) -> NoiseRun:
        """Return the run of some statistics, of which the largest are kept."""
        falling = np.sort(np.asarray(statistics, np.float64))[::-1]
        return cls(len(falling), falling[:keep])

    def threshold(self, probability: float) -> float:
        """Return the statistic that noise exceeds with some probability.

        Parameters
        ----------
        probability : float
            Of a false alarm in a segment.

        Raises
        ------
        BadInput
            The run is too short for so small a probability, or keeps too few values
            for so large a one.
        """
        alarms = round(probability * self.n, 6)  # 0.003 * 1000 is not quite 3
        if alarms < LEAST_ALARMS:
            raise BadInput(
                f"a false-alarm probability of {probability:g} needs "
                f"{int(np.ceil(LEAST_ALARMS / probability)):,} segments of noise, so "
                f"that {LEAST_ALARMS} are beyond the threshold; {self.n:,} were "
                "judged. Give a larger one, or judge more noise with --calibrate"
            )
        if alarms >= len(self.loudest):
            raise BadInput(
                f"a false-alarm probability of {probability:g} is too large: the "
                f"{len(self.loudest):,} loudest of {self.n:,} segments of noise are "
                f"known, so that it must be below {len(self.loudest) / self.n:.3g}"
            )
        # between the last value that exceeds it and the first that does not
        return float(self.loudest[int(alarms) - 1 : int(alarms) + 1].mean())

    def probability(self, statistic: NDArray[np.floating]) -> NDArray[np.float64]:
        """Return the share of noise that is at least as loud, never below 1 / n.

        Parameters
        ----------
        statistic : (k,) ndarray
            Statistics; one below all that are kept gets the share of those that are.
        """
        rising = self.loudest[::-1]
        louder = len(rising) - np.searchsorted(rising, statistic, side="left")
        return np.asarray(np.maximum(louder, 1) / self.n)


@dataclass(frozen=True)
class Learned:
    """The learned values that come with the weights.

    Parameters
    ----------
    noise : NoiseRun
        The network's statistics of simulated noise.
    """

    noise: NoiseRun

    @classmethod
    def of(cls, spec: ModelSpec) -> Learned:
        """Return the learned values in a served model's spec.

        Raises
        ------
        SpecMismatch
            The noise run is missing, or none that can be used.
        """
        with reading_learned(spec) as values:
            stored = values["noise_run"]
            loudest = np.array(stored["loudest"], np.float64)
            run = NoiseRun(int(stored["segments"]), loudest)
        if not (0 < len(loudest) <= run.n and (np.diff(loudest) <= 0).all()):
            raise SpecMismatch(
                f"the served '{spec.name}' has a noise run whose {len(loudest):,} "
                f"loudest of {run.n:,} statistics do not fall, or are too many; export "
                "the model again"
            )
        return cls(run)


def as_learned(noise: NoiseRun) -> Mapping[str, Any]:
    """Return learned values in JSON types, as `Learned.of` reads them."""
    loudest = [round(float(value), 5) for value in noise.loudest]
    return {"noise_run": {"segments": noise.n, "loudest": loudest}}
