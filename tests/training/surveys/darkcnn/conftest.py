"""A few simulated clusters."""

from __future__ import annotations

import pytest

from amphitrite_training.surveys.darkcnn.recipe import Recipe
from amphitrite_training.surveys.darkcnn.simulate.clusters import clusters

SMALL = Recipe(
    width=0.1,
    pixels=50,
    batch_size=4,
    n_ids=4,
    n_validation_ids=2,
    n_calibration_ids=6,
    n_systematic_ids=2,
)


@pytest.fixture(scope="session")
def small():
    """Return the recipe of a network that is trained in a moment."""
    return SMALL


@pytest.fixture(scope="session")
def some(cache):
    """Return four ids with the three classes and a random cross-section."""
    return clusters(7_000_000, 4, n_random=1)
