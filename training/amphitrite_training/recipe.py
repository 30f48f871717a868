"""Change a recipe from the command line: ``--set key=value``.

A recipe is a frozen dataclass that holds a paper's values as defaults, so that the code
is the configuration.  An override names one of its fields; anything else is refused.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable
from dataclasses import fields, replace
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from amphitrite.errors import BadInput

R = TypeVar("R")


def override(recipe: R, settings: Iterable[str]) -> R:
    """Return a recipe with some of its values replaced.

    Parameters
    ----------
    recipe : dataclass instance
        The recipe to start from; it is left as it is.
    settings : iterable of str
        ``"key=value"`` each.  A number is written as in Python, a sequence of numbers
        with commas: ``"down_filters=8,16,32"``.

    Returns
    -------
    dataclass instance
        Of the same class as ``recipe``.

    Raises
    ------
    BadInput
        A setting is not of the form ``key=value``, names no field of the recipe, or
        has a value of another type than the field's.

    Examples
    --------
    >>> from amphitrite_training.morpheus.recipe import Recipe
    >>> override(Recipe(), ["dropout=0.25", "up_filters=4,8,16"]).up_filters
    (4, 8, 16)
    """
    types = get_type_hints(type(recipe))
    known = [field.name for field in fields(recipe)]  # type: ignore[arg-type]
    changes: dict[str, Any] = {}
    for setting in settings:
        key, equals, text = setting.partition("=")
        if not equals:
            raise BadInput(
                f"'{setting}' is no setting; expected key=value, such as "
                f"{known[0]}={_written(getattr(recipe, known[0]))}"
            )
        if key not in known:
            raise BadInput(
                f"the recipe has no setting '{key}'; it has: {', '.join(known)}"
            )
        changes[key] = _parsed(text, types[key], key=key)
    return replace(recipe, **changes)  # type: ignore[type-var]


def _parsed(text: str, kind: Any, *, key: str) -> Any:
    """Read a value of the type that a field is annotated with."""
    try:
        if get_origin(kind) is tuple:
            element = get_args(kind)[0]
            return tuple(_number(part, element) for part in text.split(","))
        return _number(text, kind)
    except (ValueError, SyntaxError):
        name = getattr(kind, "__name__", str(kind)) if not get_args(kind) else str(kind)
        raise BadInput(
            f"the setting '{key}' takes a value of type {name}; received '{text}'"
        ) from None


def _number(text: str, kind: type) -> Any:
    value: Any = ast.literal_eval(text.strip())
    if kind is float and type(value) is int:
        value = float(value)
    if type(value) is not kind:  # bool is an int to isinstance
        raise ValueError(text)
    return value


def _written(value: Any) -> str:
    return ",".join(map(str, value)) if isinstance(value, tuple) else str(value)
