"""A cache that the tests of a session share, and a few prepared stars."""

from __future__ import annotations

import os

import pytest

from amphitrite_training.surveys.calnet import data
from amphitrite_training.surveys.calnet.recipe import SHIPPED


@pytest.fixture(scope="session")
def cache(tmp_path_factory):
    """Keep what is prepared in a folder of the tests' own."""
    folder = tmp_path_factory.mktemp("cache")
    before = os.environ.get("AMPHITRITE_CACHE")
    os.environ["AMPHITRITE_CACHE"] = str(folder)
    yield folder
    if before is None:
        del os.environ["AMPHITRITE_CACHE"]
    else:
        os.environ["AMPHITRITE_CACHE"] = before


@pytest.fixture(scope="session")
def some(cache):
    """The samples of thirty simulated stars."""
    return data.simulated(7_000_000, 30, SHIPPED)
