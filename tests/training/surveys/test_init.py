"""Surveys and their models are found by name."""

from __future__ import annotations

import pytest

from amphitrite.errors import BadInput
from amphitrite_training.surveys import find, surveys


def test_the_only_model_needs_no_name(line):
    assert "line" in surveys()
    assert find("line") is find("line", "line") is line.TASKS["line"]


def test_an_unknown_model_lists_the_known_ones(line):
    with pytest.raises(BadInput, match="line has no model 'curve'; its models are: l"):
        find("line", "curve")


def test_one_of_several_models_must_be_named(line, monkeypatch):
    monkeypatch.setitem(line.TASKS, "other", line.TASKS["line"])
    with pytest.raises(BadInput, match="several models; give --model, one of: line, o"):
        find("line")
    assert find("line", "other")


@pytest.mark.parametrize("name", ["simulate", "", "../line", "recipe"])
def test_what_is_no_survey_is_refused(name):
    with pytest.raises(BadInput, match=f"there is no survey '{name}'; the surveys are"):
        find(name)
