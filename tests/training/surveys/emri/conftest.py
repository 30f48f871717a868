"""Simulated inspirals are kept in a folder of the tests' own."""

from __future__ import annotations

import os

import pytest

from amphitrite_training.surveys.emri.simulate.signals import signals


@pytest.fixture(scope="session")
def cache(tmp_path_factory):
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
    """Return six simulated signals."""
    return signals(7_000_000, 6)
