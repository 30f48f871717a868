"""What was measured can be asked for, and told as JSON."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from amphitrite_training.surveys.darkcnn import cases
from amphitrite_training.surveys.darkcnn.cases import Case


def test_the_accuracy_of_a_case_is_found(evaluated):
    assert evaluated.accuracy(cases.NOISY).case == cases.NOISY
    with pytest.raises(KeyError, match="total and stars, 50 galaxies"):
        evaluated.accuracy(Case(cases.STARS, 50.0))


def test_it_is_json(evaluated):
    told = json.loads(json.dumps(evaluated.as_dict(), allow_nan=False))
    assert told["version"] == 3
    assert told["digest"] == "sha256:12ab"
    assert len(told["accuracies"]) == len(cases.CASES)
    assert len(told["published"]["true"]) == 6
    without = replace(evaluated, published=None).as_dict()
    assert without["published"] is None
