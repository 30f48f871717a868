from __future__ import annotations

import pytest

from amphitrite_training.fitting.task import PublishedWeights
from amphitrite_training.surveys import surveys


@pytest.mark.parametrize("survey", surveys())
def test_a_task_is_complete(survey):
    """The surveys' own tests tell whether it is right."""
    from importlib import import_module

    tasks = import_module(f"amphitrite_training.surveys.{survey}.tasks").TASKS
    assert tasks
    for name, task in tasks.items():
        assert name.isidentifier()
        if not isinstance(task, PublishedWeights):
            assert task.spec.name.startswith(survey)
            assert task.recipe == type(task.recipe)(**vars(task.recipe))
