"""A trained network judges noise, and its loudest answers are kept."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from amphitrite.surveys.emri.learned import Learned
from amphitrite.surveys.emri.page import MODEL, STATISTIC, STRAIN
from amphitrite_training.surveys.emri.calibrate import Noise, calibrate
from amphitrite_training.surveys.emri.recipe import Recipe

pytestmark = pytest.mark.training


class Level:
    """Stands for a network: its statistic is the mean square of the strain."""

    def predict_on_batch(self, strain):
        return {STATISTIC: np.mean(strain**2, axis=(1, 2))[:, None]}


def test_the_loudest_of_the_noise_are_kept():
    recipe = Recipe(n_noise=50)
    learned, measured = calibrate(Level(), recipe)
    assert measured == {"noise_segments": 50}
    run = Learned.of(replace(MODEL, learned=learned)).noise
    assert run.n == 50
    batches = Noise(recipe)
    energy = np.concatenate(
        [
            np.mean(batches.batch(0, index)[0][STRAIN] ** 2, axis=(1, 2))
            for index in range(len(batches))
        ]
    )
    # one of fifty is 2 %; it is stored with five digits
    assert run.loudest == pytest.approx([energy.max()], abs=1e-5)


def test_half_of_the_noise_has_tapered_ends():
    strain = Noise(Recipe(n_noise=18)).batch(0, 0)[0][STRAIN]
    assert strain.shape[0] == 16
    assert (strain[::2, :, 0] == 0).all()
    assert (strain[1::2, :, 0] != 0).all()
    assert Noise(Recipe(n_noise=18)).batch(0, 1)[0][STRAIN].shape[0] == 2
