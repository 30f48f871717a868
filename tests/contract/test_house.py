"""Every survey has the same files, and is found by its name alone."""

import inspect
from importlib import import_module
from pathlib import Path

import pytest

import amphitrite
import amphitrite_training
from amphitrite.engine.control import Result
from amphitrite.surveys import SURVEYS
from amphitrite.surveys import survey as find

CLIENT = Path(amphitrite.__file__).parent / "surveys"
TRAINING = Path(amphitrite_training.__file__).parent / "surveys"
FIXED = {
    *("run", "work", "products", "catalogue", "pictures", "interpret", "options"),
    *("prepare", "page"),
}
# Beside them: what was learned, and nouns on which a page itself stands.
OWN = {
    "asid": {"learned", "bands"},
    "calnet": {"learned"},
    "darkcnn": {"learned"},
    "emri": {"learned", "sampling"},
}
TRAINED = {
    *("recipe", "model", "simulate", "tasks", "evaluate", "measures", "card", "demo"),
}


def names(folder):
    entries = (path for path in folder.iterdir() if not path.name.startswith("__"))
    return {path.stem for path in entries}


def test_no_folder_is_of_a_survey_that_nobody_names():
    known = set(SURVEYS)
    assert {path.parent.name for path in CLIENT.glob("*/page.py")} <= known
    assert {path.parent.name for path in TRAINING.glob("*/tasks.py")} <= known


@pytest.mark.parametrize("survey", SURVEYS)
def test_the_client_has_the_same_files_for_each(survey):
    assert names(CLIENT / survey) == FIXED | OWN.get(survey, set())
    assert (CLIENT / survey / "prepare" / "inputs.py").is_file()


@pytest.mark.parametrize("survey", SURVEYS)
def test_training_has_the_same_files_for_each(survey):
    assert names(TRAINING / survey) >= TRAINED


@pytest.mark.parametrize("survey", SURVEYS)
def test_reading_a_page_stays_light(survey):
    text = (CLIENT / survey / "__init__.py").read_text()
    assert text.startswith('"""')
    assert text.count("\n") == 1


@pytest.mark.parametrize("survey", SURVEYS)
def test_what_a_survey_provides_fits(survey):
    found = find(survey)
    parameters = list(inspect.signature(found.run).parameters)
    assert parameters == ["inputs", "connecting", "out", "options", "control"]
    result = import_module(f"amphitrite.surveys.{survey}.run").run.__annotations__
    assert result["return"].endswith("Result")
    assert issubclass(
        getattr(import_module(f"amphitrite.surveys.{survey}.run"), "Result", Result),
        Result,
    )
    command = import_module(f"amphitrite.commands.{survey}")
    assert callable(getattr(command, survey))
