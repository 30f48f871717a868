"""The surveys: names, pages, options and runs."""

from __future__ import annotations

import dataclasses
import importlib
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, cast

from amphitrite.engine.control import Control, Result
from amphitrite.errors import BadInput
from amphitrite.triton.served import Server
from amphitrite.triton.spec import ModelSpec

SURVEYS = ("asid", "calnet", "darkcnn", "emri", "morpheus")


class Page(Protocol):
    """Declarations that every survey's page has, beside those of its own."""

    MODEL: ModelSpec
    """The model that bears the survey's name."""
    ASKED: tuple[ModelSpec, ...]
    """The models that a run asks."""
    PRODUCTS: tuple[str, ...]
    """The files of the result's folder; none where the result is one file."""
    REFERENCES: tuple[str, ...]
    """The papers that the survey rests on."""


Run = Callable[
    [Sequence[Path], AbstractContextManager[Server], Path, Any, Control | None],
    Result,
]


@dataclass(frozen=True)
class Survey:
    """Page, options and run of a survey.

    Parameters
    ----------
    page : module
        Declarations on which training, export and client must agree.
    Options : type
        How its inputs are searched: frozen, every field with a default.
    run : callable
        ``run(inputs, connecting, out, options, control)`` makes the result of some
        files: ``connecting`` is a context manager that gives a connection to a server,
        entered once inputs and output are known to be usable; ``out`` is the result's
        final name; ``options`` are `Options`; ``control`` says how to run.
    """

    page: Page
    Options: type
    run: Run


def survey(name: str) -> Survey:
    """Return the page, the options and the run of a survey.

    Raises
    ------
    BadInput
        There is no survey of that name.
    """
    return Survey(
        page(name), _module(name, "options").Options, _module(name, "run").run
    )


def page(name: str) -> Page:
    """Return the page of a survey, without loading what its run needs.

    Raises
    ------
    BadInput
        There is no survey of that name.
    """
    return cast(Page, _module(name, "page"))


def asked(name: str) -> list[str]:
    """Return the names of the models that a survey's run asks."""
    return [model.name for model in page(name).ASKED]


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
        for name in SURVEYS
        for value in vars(page(name)).values()
        if isinstance(value, ModelSpec)
    }


def options(name: str, **chosen: Any) -> Any:
    """Return the options of a survey, its defaults where nothing was chosen.

    Raises
    ------
    BadInput
        The survey has no option of that name, or refuses the value.
    """
    kind = _module(name, "options").Options
    known = {field.name for field in dataclasses.fields(kind)}
    if unknown := sorted(chosen.keys() - known):
        raise BadInput(
            f"{name} has no option {', '.join(unknown)}; its options are: "
            f"{', '.join(sorted(known))}"
        )
    return kind(**chosen)


def _module(name: str, part: str) -> Any:
    """Return a module of a survey's folder."""
    if name not in SURVEYS:
        raise BadInput(
            f"there is no survey '{name}'; the surveys are: {', '.join(SURVEYS)}"
        )
    return importlib.import_module(f"amphitrite.surveys.{name}.{part}")
