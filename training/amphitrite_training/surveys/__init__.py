"""One folder per survey: its recipe, model, data and evaluation."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from amphitrite.errors import BadInput

if TYPE_CHECKING:
    from amphitrite.engine.control import Control
    from amphitrite.triton.served import Server
    from amphitrite_training.fitting.task import PublishedWeights, Task


Progress = Callable[[str, int], AbstractContextManager[Callable[[int], None]]]
"""``progress(what, total)`` is a context that gives the bar's ``advance(n)``."""


class User(Protocol):
    """The side of a demo that reports to its user."""

    can_draw: bool
    """Whether the extra that draws pictures is installed."""

    def control(self, said: str, command: str) -> Control:
        """Report the equivalent command; return the control of the run.

        Parameters
        ----------
        said : str
            A sentence on what was simulated.
        command : str
            The command that a user would type; the products name it.
        """


class Demo(Protocol):
    """Signature of the function ``demo`` in a survey's module ``demo``."""

    def __call__(
        self, out: Path, user: User, connecting: AbstractContextManager[Server]
    ) -> tuple[str, dict[str, Any]]:
        """Simulate files, search them as a user would, and compare with the truth.

        Parameters
        ----------
        out : Path
            An existing folder for the files; those of an earlier demo are replaced.
        user : User
            Receives the reports.
        connecting : context manager
            Gives a connection to a server with the survey's models.

        Returns
        -------
        text : str
            The report at the end.
        summary : dict
            The same as JSON types.
        """


def surveys() -> list[str]:
    """Return the names of the surveys that can be trained."""
    return sorted(
        module.name
        for module in pkgutil.iter_modules(__path__)
        if find_spec(f"{__name__}.{module.name}.tasks")
    )


def part(survey: str, name: str) -> Any:
    """Return a module of a survey's folder.

    Parameters
    ----------
    survey : str
        The survey's name.
    name : str
        The module's, such as ``"evaluate"``.

    Raises
    ------
    BadInput
        There is no such survey.
    """
    if survey not in (known := surveys()):
        raise BadInput(
            f"there is no survey '{survey}'; the surveys are: {', '.join(known)}"
        )
    return importlib.import_module(f"{__name__}.{survey}.{name}")


def has(survey: str, name: str) -> bool:
    """Return whether a survey's folder has a module of that name."""
    return find_spec(f"{__name__}.{survey}.{name}") is not None


def find(survey: str, model: str | None = None) -> Task[Any] | PublishedWeights:
    """Return the task of a survey's model.

    Parameters
    ----------
    survey : str
        The survey's name.
    model : str, optional
        The model's name; may be left out where a survey has only one.

    Raises
    ------
    BadInput
        There is no such survey or model, or the survey has several.
    """
    tasks: Mapping[str, Task[Any] | PublishedWeights] = part(survey, "tasks").TASKS
    names = ", ".join(tasks)
    if model is None:
        if len(tasks) > 1:
            raise BadInput(
                f"{survey} has several models; give --model, one of: {names}"
            )
        (model,) = tasks
    if model not in tasks:
        raise BadInput(f"{survey} has no model '{model}'; its models are: {names}")
    return tasks[model]
