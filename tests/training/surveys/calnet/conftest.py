"""A few prepared stars."""

from __future__ import annotations

import pytest

from amphitrite_training.surveys.calnet import data
from amphitrite_training.surveys.calnet.recipe import SHIPPED


@pytest.fixture(scope="session")
def some(cache):
    """The samples of thirty simulated stars."""
    return data.simulated(7_000_000, 30, SHIPPED)
