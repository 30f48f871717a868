"""One page per survey: everything that training, export and client must agree on."""

from __future__ import annotations

import importlib
from types import ModuleType

from amphitrite.errors import BadInput

SURVEYS = ("morpheus",)


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
