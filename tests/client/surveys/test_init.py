"""Surveys and the models that they ask."""

from __future__ import annotations

from amphitrite.surveys import needed


def test_a_survey_stands_for_the_models_that_it_asks() -> None:
    assert needed(["asid"]) == ["asid", "asid_heads"]
    assert needed(["asid_heads", "calnet", "asid"]) == ["asid_heads", "calnet", "asid"]
    assert needed(["double"]) == ["double"]
    assert needed([]) == []
