"""A cache that the tests of a session share."""

from __future__ import annotations

import os

import pytest


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
