from __future__ import annotations

import json

from amphitrite.surveys.morpheus.page import MORPHOLOGIES
from amphitrite_training.evaluation.matching import Share
from amphitrite_training.surveys.morpheus.measures import MAGNITUDES, score


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


def test_the_numbers_are_json(truth, evaluation):
    told = json.loads(json.dumps(evaluation(**score(truth, n_found=5)).as_dict()))
    assert told["simulated"] is True
    assert told["purity"] == {"true": 3, "of": 5}
    assert {"mag_h": [25.0, 26.0], "found": 1, "of": 2} in told["completeness"]
