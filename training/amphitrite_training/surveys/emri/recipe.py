"""The recipes of the networks for inspirals."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from amphitrite.errors import BadInput
from amphitrite.surveys.emri.page import LEAST_ALARMS
from amphitrite_training.fitting.recipe import Training

MOST_SIGNALS: Final = 1_000_000
"""Seeds of training signals are below those of validation."""


@dataclass(frozen=True, kw_only=True)
class Recipe(Training):
    """How a network for inspirals is built and trained.

    Half of the segments of a batch are noise alone.  Noise is drawn anew for each of
    them; signals are drawn from a set that is made once, each time with another
    loudness.

    Parameters
    ----------
    window : int
        Samples of each of the windows whose spectra make the map: a power of 2.
    degree : int
        Degree of the polynomial of frequency by which each channel's map is divided: 0
        takes out the level of the noise, 1 also a slope of its curve, and so on.
    channels : tuple of int
        Filters of the convolutions; the first three are followed by pooling.
    n_signals, n_validation_signals : int
        Simulated signals.
    n_noise : int
        Segments of noise on which the trained network's false alarms are counted.
    steps : int
        Batches of an epoch.
    snr_first, snr_last : tuple of float
        Limits of the signal-to-noise ratio, uniform between them, in the first and from
        the epoch `settled` on; linear in the epochs between.
    settled : int
        The epoch from which on signals are as faint as they get.

    Raises
    ------
    BadInput
        A value is out of its range.
    """

    window: int = 2048
    degree: int = 4
    channels: tuple[int, ...] = (8, 16, 16, 32, 32, 32)
    n_signals: int = 3000
    n_validation_signals: int = 300
    n_noise: int = 20_000
    steps: int = 100
    snr_first: tuple[float, ...] = (80.0, 200.0)
    snr_last: tuple[float, ...] = (15.0, 90.0)
    settled: int = 6
    batch_size: int = 32
    epochs: int = 26
    learning_rate: float = 3e-3
    warmup_steps: int = 50
    keep: Literal["best", "last"] = "last"
    seed: int = 1

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.window not in WINDOWS:
            raise BadInput(
                f"the recipe's window must be one of {', '.join(map(str, WINDOWS))}; "
                f"received {self.window}"
            )
        if self.degree < 0:
            raise BadInput(
                f"the recipe's degree must not be negative; received {self.degree}"
            )
        if len(self.channels) < 4:
            raise BadInput(
                "the recipe's channels must be four at least; received "
                f"{len(self.channels)}"
            )
        for name in ("n_signals", "n_validation_signals"):
            if not 2 <= (value := getattr(self, name)) <= MOST_SIGNALS:
                raise BadInput(
                    f"the recipe's {name} must be from 2 to {MOST_SIGNALS:,}, beyond "
                    "which signals would be those of another set; received "
                    f"{value:,}"
                )
        if self.n_noise < LEAST_ALARMS:
            raise BadInput(
                f"the recipe's n_noise must be {LEAST_ALARMS} at least; received "
                f"{self.n_noise}"
            )
        for name in ("snr_first", "snr_last"):
            low, high = getattr(self, name)
            if not 0 < low <= high:
                raise BadInput(
                    f"the recipe's {name} must be two rising ratios above 0; received "
                    f"{low}, {high}"
                )

    def ratios(self, epoch: int) -> tuple[float, float]:
        """Return the limits of the signal-to-noise ratio in an epoch, from 0 on."""
        share = min(1.0, epoch / self.settled) if self.settled else 1.0
        low, high = (
            (1 - share) * first + share * last
            for first, last in zip(self.snr_first, self.snr_last, strict=True)
        )
        return low, high


WINDOWS: Final = (1024, 2048, 4096, 8192)
"""Lengths of windows in samples: from 8.5 h to 2.8 d."""
