"""Training data: simulated signals in noise that is drawn anew for each segment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from amphitrite.surveys.emri.page import STRAIN
from amphitrite.surveys.emri.sampling import CHANNELS, N_SAMPLES
from amphitrite_training.fitting.task import Arrays, Data
from amphitrite_training.surveys.emri.recipe import MOST_SIGNALS, Recipe
from amphitrite_training.surveys.emri.simulate.signals import (
    Signals,
    add,
    signals,
    white,
)

LOGIT: Final = "logit"
"""The output of a network that training makes right; it is not served."""

# First seeds: training, validation and test must never share a signal.
TRAINING_SIGNALS: Final = MOST_SIGNALS
VALIDATION_SIGNALS: Final = 2 * MOST_SIGNALS
TEST_SIGNALS: Final = 3 * MOST_SIGNALS


@dataclass(frozen=True)
class Batches:
    """Segments of whitened strain, half of them with a signal.

    Parameters
    ----------
    signals : Signals
        The signals of the set.
    recipe : Recipe
        Its batch size, signal-to-noise ratios and seed are used.
    n : int
        Batches of an epoch.
    vary : bool
        Draw signals, loudness and noise anew in each epoch, and turn the constellation,
        as training does; else all signals come once, with the last range of loudness.
    """

    signals: Signals
    recipe: Recipe
    n: int
    vary: bool

    def __len__(self) -> int:
        return self.n

    def batch(self, epoch: int, index: int) -> tuple[Arrays, Arrays]:
        """Return the segments and labels of a batch; the same for the same call."""
        size, half = self.recipe.batch_size, self.recipe.batch_size // 2
        rng = np.random.default_rng([self.recipe.seed, self.vary, epoch, index])
        strain = np.empty((size, len(CHANNELS), N_SAMPLES), np.float32)
        low, high = self.recipe.ratios(epoch if self.vary else self.recipe.settled)
        for row in range(size):
            strain[row] = white(rng, ramped=bool(rng.random() < 0.5))
            if row >= half:
                continue
            number = index * half + row
            if self.vary:
                number = rng.integers(len(self.signals))
            signal = self.signals[number]
            if self.vary:
                signal = turned(signal, rng.uniform(0, 2 * np.pi))
            strain[row] = add(strain[row], signal, rng.uniform(low, high))
        labels = (np.arange(size) < half).astype(np.float32)
        return {STRAIN: strain}, {LOGIT: labels[:, None]}


def turned(signal: NDArray[np.float32], angle: float) -> NDArray[np.float32]:
    """Return a signal as it would be if the constellation were turned by half an angle.

    The channels are those of two interferometers 45 deg from each other, so that a turn
    of the satellites mixes them; noise of equal level in both stays what it is.

    Parameters
    ----------
    signal : (2, n) ndarray of float32
        Channels I and II.
    angle : float
        Twice the angle of the turn in rad.
    """
    cos, sin = np.float32(np.cos(angle)), np.float32(np.sin(angle))
    return np.stack(
        [cos * signal[0] - sin * signal[1], sin * signal[0] + cos * signal[1]]
    )


def data(recipe: Recipe) -> Data:
    """Return the training and validation segments of a recipe.

    Raises
    ------
    BadInput
        A file of the cache is damaged.
    OutputError
        The cache folder cannot be written to.
    """
    training = signals(TRAINING_SIGNALS, recipe.n_signals)
    return Data(
        Batches(training, recipe, recipe.steps, vary=True),
        validation(recipe),
    )


def validation(recipe: Recipe) -> Batches:
    """Return the validation segments of a recipe; each signal is in one of them."""
    found = signals(VALIDATION_SIGNALS, recipe.n_validation_signals)
    n = len(found) // (recipe.batch_size // 2)
    return Batches(found, recipe, n, vary=False)
