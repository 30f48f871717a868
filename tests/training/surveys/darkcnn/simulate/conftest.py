"""Simulated clusters, made once."""

from __future__ import annotations

import numpy as np
import pytest

from amphitrite_training.surveys.darkcnn.simulate.maps import maps
from amphitrite_training.surveys.darkcnn.simulate.population import draw

CROSS_SECTIONS = (0.0, 0.1, 0.3, 1.0)


@pytest.fixture(scope="package")
def clusters():
    """Return thirty clusters."""
    return [draw(number) for number in range(100, 130)]


@pytest.fixture(scope="package")
def mapped(clusters):
    """Return their truth and maps for each of `CROSS_SECTIONS`."""
    return [maps(cluster, CROSS_SECTIONS) for cluster in clusters]


@pytest.fixture(scope="package")
def totals(mapped):
    """Return the maps of all mass, (id, cross-section, y, x)."""
    return np.array([[three[0] for _, three in each] for each in mapped])
