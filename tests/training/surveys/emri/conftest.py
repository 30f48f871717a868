"""A few simulated signals."""

from __future__ import annotations

import pytest

from amphitrite_training.surveys.emri.simulate.signals import signals


@pytest.fixture(scope="session")
def some(cache):
    """Return six simulated signals."""
    return signals(7_000_000, 6)
