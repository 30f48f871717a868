"""One page per survey: everything that training, export and client must agree on."""

from __future__ import annotations

import dataclasses
import importlib
from collections.abc import Iterable
from types import ModuleType
from typing import Any

from amphitrite.errors import BadInput
from amphitrite.spec import ModelSpec

SURVEYS = ("asid", "calnet", "morpheus")


def page(survey: str) -> ModuleType:
    """Return the module of a survey.

    Raises
    ------
    BadInput
        There is no survey of that name.
    """
    if survey not in SURVEYS:
        raise BadInput(
            f"there is no survey '{survey}'; the surveys are: {', '.join(SURVEYS)}"
        )
    return importlib.import_module(f"amphitrite.surveys.{survey}")


def asked(survey: str) -> list[str]:
    """Return the names of the models that a survey's run asks.

    They are the page's ``ASKED``, or its ``MODEL`` alone.
    """
    found = page(survey)
    return [model.name for model in getattr(found, "ASKED", (found.MODEL,))]


def needed(names: Iterable[str]) -> list[str]:
    """Return the names of models, those that a survey's run asks in its place.

    A survey may be named like one of its models: then all that it asks are meant.
    """
    found: dict[str, None] = {}
    for name in names:
        found.update(dict.fromkeys(asked(name) if name in SURVEYS else [name]))
    return list(found)


def model_names() -> set[str]:
    """Return the names of all models on the pages, members of ensembles included."""
    return {
        value.name
        for survey in SURVEYS
        for value in vars(page(survey)).values()
        if isinstance(value, ModelSpec)
    }


def options(survey: str, **chosen: Any) -> Any:
    """Return the options of a survey, its defaults where nothing was chosen.

    Raises
    ------
    BadInput
        The survey has no option of that name, or refuses the value.
    """
    kind = page(survey).Options
    known = {field.name for field in dataclasses.fields(kind)}
    if unknown := sorted(chosen.keys() - known):
        raise BadInput(
            f"{survey} has no option {', '.join(unknown)}; its options are: "
            f"{', '.join(sorted(known))}"
        )
    return kind(**chosen)
