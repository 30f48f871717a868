from __future__ import annotations

import json

import numpy as np
import pytest
from astropy.table import Table

from amphitrite.surveys.morpheus.page import MODEL, MORPHOLOGIES
from amphitrite_training.evaluation.matching import Share
from amphitrite_training.surveys.morpheus.card import card
from amphitrite_training.surveys.morpheus.measures import MAGNITUDES, Evaluation, score


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


def evaluation(**counts) -> Evaluation:
    parity = {"samples": 32, "max_abs_difference": {"probabilities": 2e-6}}
    return Evaluation(
        spec=MODEL.with_weights(digest="sha256:abc", learned={"parity": parity}),
        version=3,
        seeds=(1000, 1001),
        **counts,
    )


def test_completeness_is_counted_per_magnitude(truth):
    shares = dict(
        zip(MAGNITUDES, score(truth, n_found=5)["completeness"], strict=False)
    )
    assert shares[20.0] == Share(1, 1)
    assert shares[22.0] == Share(1, 1)
    assert shares[25.0] == Share(1, 2)
    assert shares[24.0] == Share(0, 0)


def test_purity_counts_catalogue_rows(truth):
    assert score(truth, n_found=5)["purity"] == Share(3, 5)


def test_only_bright_sources_that_were_found_count_for_classes(truth):
    classes = score(truth, n_found=5)["classes"]
    assert classes.sum() == 2
    assert classes[MORPHOLOGIES.index("disk"), MORPHOLOGIES.index("disk")] == 1
    assert classes[MORPHOLOGIES.index("spheroid"), MORPHOLOGIES.index("disk")] == 1


def test_the_numbers_are_json(truth):
    told = json.loads(json.dumps(evaluation(**score(truth, n_found=5)).as_dict()))
    assert told["simulated"] is True
    assert told["purity"] == {"true": 3, "of": 5}
    assert {"mag_h": [25.0, 26.0], "found": 1, "of": 2} in told["completeness"]


def test_the_card_says_what_was_measured_and_on_what(truth):
    text = card(evaluation(**score(truth, n_found=5)))
    assert "| version | 3 |" in text
    assert "`sha256:abc`" in text
    assert "**The fields are simulated.**" in text
    assert "| 25 to 26 | 1 of 2 | 0.50 (0.09 to 0.91) |" in text
    assert "| 24 to 25 | 0 of 0 | none simulated |" in text
    assert "| disk | 0 | 1 | 0 | 0 | 1.00 (0.21 to 1.00) |" in text
    assert max(map(len, text.splitlines())) < 160


def test_a_card_of_an_empty_catalogue_can_be_written():
    empty = Table({"mag_h": [19.0], "morphology": ["disk"], "found": [""]})
    counts = score(empty, n_found=0)
    assert not np.any(counts["classes"])
    assert "none simulated" in card(evaluation(**counts))
