"""Four simulated sources, and what was counted of them."""

from __future__ import annotations

import pytest
from astropy.table import Table

from amphitrite.surveys.morpheus.page import MODEL
from amphitrite_training.surveys.morpheus.measures import Evaluation


@pytest.fixture
def truth() -> Table:
    """Four simulated sources: right, of another class, faint, and missed."""
    return Table(
        {
            "mag_h": [20.5, 22.5, 25.5, 25.5],
            "morphology": ["disk", "spheroid", "disk", "disk"],
            "found": ["disk", "disk", "spheroid", ""],
        }
    )


@pytest.fixture
def evaluation():
    """Make an evaluation of a published model from what was counted."""
    parity = {"samples": 32, "max_abs_difference": {"probabilities": 2e-6}}
    spec = MODEL.with_weights(digest="sha256:abc", learned={"parity": parity})

    def make(**counts) -> Evaluation:
        return Evaluation(spec=spec, version=3, seeds=(1000, 1001), **counts)

    return make
