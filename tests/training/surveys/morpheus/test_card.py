"""The model card says what was measured."""

from __future__ import annotations

import numpy as np
from astropy.table import Table

from amphitrite_training.surveys.morpheus.card import card
from amphitrite_training.surveys.morpheus.measures import score


def test_the_card_says_what_was_measured_and_on_what(truth, evaluation):
    text = card(evaluation(**score(truth, n_found=5)))
    assert "| version | 3 |" in text
    assert "`sha256:abc`" in text
    assert "**The fields are simulated.**" in text
    assert "| 25 to 26 | 1 of 2 | 0.50 (0.09 to 0.91) |" in text
    assert "| 24 to 25 | 0 of 0 | none simulated |" in text
    assert "| disk | 0 | 1 | 0 | 0 | 1.00 (0.21 to 1.00) |" in text
    assert max(map(len, text.splitlines())) < 160


def test_a_card_of_an_empty_catalogue_can_be_written(evaluation):
    empty = Table({"mag_h": [19.0], "morphology": ["disk"], "found": [""]})
    counts = score(empty, n_found=0)
    assert not np.any(counts["classes"])
    assert "none simulated" in card(evaluation(**counts))
