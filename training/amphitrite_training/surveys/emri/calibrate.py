"""Judge noise with a trained network, so that thresholds can be set for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from amphitrite.surveys.emri.learned import NoiseRun, as_learned
from amphitrite.surveys.emri.page import STATISTIC, STRAIN
from amphitrite.surveys.emri.sampling import CHANNELS, N_SAMPLES
from amphitrite_training.fitting.prefetch import prefetched
from amphitrite_training.fitting.task import Arrays
from amphitrite_training.surveys.emri.recipe import Recipe
from amphitrite_training.surveys.emri.simulate.signals import white

if TYPE_CHECKING:
    import keras


LARGEST_FAP: Final = 0.02
"""False-alarm probability of a segment up to which thresholds can be set."""
_NOISE: Final = 4_000_000  # first number of a stream that no training batch has
_BATCH: Final = 16


def calibrate(
    model: keras.Model, recipe: Recipe
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the loudest statistics of simulated noise, and how many were judged.

    Parameters
    ----------
    model : keras.Model
        The trained network.
    recipe : Recipe
        Its ``n_noise`` and ``seed`` are used.

    Returns
    -------
    learned : dict
        ``noise_run``; see `amphitrite.surveys.emri.learned.Learned`.
    measured : dict
        ``noise_segments``.
    """
    with prefetched(Noise(recipe), epoch=0) as batches:
        statistics = np.concatenate(
            [
                np.asarray(model.predict_on_batch(inputs[STRAIN])[STATISTIC])[:, 0]
                for inputs, _ in batches
            ]
        )
    keep = max(1, round(LARGEST_FAP * len(statistics)))
    learned = as_learned(NoiseRun.of(statistics, keep))
    return dict(learned), {"noise_segments": len(statistics)}


@dataclass(frozen=True)
class Noise:
    """Segments of noise alone in batches; half of them have tapered ends.

    Parameters
    ----------
    recipe : Recipe
        Its ``n_noise`` and ``seed`` are used.
    """

    recipe: Recipe

    def __len__(self) -> int:
        return -(-self.recipe.n_noise // _BATCH)

    def batch(self, epoch: int, index: int) -> tuple[Arrays, Arrays]:
        """Return the segments of a batch, and no targets."""
        rng = np.random.default_rng([self.recipe.seed, _NOISE, index])
        size = min(_BATCH, self.recipe.n_noise - index * _BATCH)
        strain = np.empty((size, len(CHANNELS), N_SAMPLES), np.float32)
        for row in range(size):
            strain[row] = white(rng, ramped=row % 2 == 0)
        return {STRAIN: strain}, {}
