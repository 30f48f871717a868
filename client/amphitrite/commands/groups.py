"""Options that stand together in a class, for all the commands that have them."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass
from inspect import Parameter
from typing import Any, get_type_hints


def grouped(command: Callable[..., None]) -> Callable[..., None]:
    """Return a command for typer, which knows no groups of options.

    A parameter whose type is a dataclass stands for an option for each of its fields.
    The parameter's default, an instance, holds the options' defaults.
    """
    signature = inspect.signature(command, eval_str=True)
    parameters = signature.parameters.values()
    groups: dict[str, Any] = {
        p.name: p.annotation for p in parameters if is_dataclass(p.annotation)
    }
    spread = [one for parameter in parameters for one in _spread(parameter)]

    @functools.wraps(command)
    def run(**given: Any) -> None:
        for name, group in groups.items():
            given[name] = group(**{f.name: given.pop(f.name) for f in fields(group)})
        command(**given)

    run.__annotations__ = {parameter.name: parameter.annotation for parameter in spread}
    run.__signature__ = signature.replace(parameters=spread)  # type: ignore[attr-defined]
    return run


def _spread(parameter: Parameter) -> Iterator[Parameter]:
    """Yield the parameters that a parameter stands for."""
    if not is_dataclass(parameter.annotation):
        yield parameter.replace(kind=Parameter.KEYWORD_ONLY)
        return
    types = get_type_hints(parameter.annotation, include_extras=True)
    for field in fields(parameter.annotation):
        yield Parameter(
            field.name,
            Parameter.KEYWORD_ONLY,
            default=getattr(parameter.default, field.name),
            annotation=types[field.name],
        )
