"""The common values of all recipes, and changes of a recipe by ``--set key=value``.

A recipe is a frozen dataclass with a paper's values as defaults, so that the code is
the configuration.  A setting changes one of its fields; other names are refused.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from typing import Any, Literal, TypeVar, get_args, get_origin, get_type_hints

from amphitrite.errors import BadInput

R = TypeVar("R")


@dataclass(frozen=True, kw_only=True)
class Training:
    """The values of a training that all recipes have; surveys' recipes add their own.

    Parameters
    ----------
    batch_size : int
        Number of examples in one step of the optimiser.
    epochs : int
        Largest number of passes over the training set.
    learning_rate : float
        Highest learning rate.
    optimiser : {"adam", "amsgrad", "rmsprop"}
        Adam, Adam with the AMSGrad correction, or RMSprop.
    schedule : {"cosine", "plateau", "constant"}
        Decrease of the learning rate: along half a cosine to zero at the end of the
        run; by `plateau_factor` whenever the validation loss has not improved for
        `plateau_patience` epochs; or none.
    warmup_steps : int
        Number of steps over which the learning rate increases linearly from zero.
    clip_norm : float
        Largest norm of the gradient of a weight; larger gradients are scaled to it.
    plateau_factor, plateau_patience : float, int
        See `schedule`.
    patience : int
        Number of epochs without a better validation loss after which the run ends; 0
        for no limit.
    keep : {"best", "last"}
        Whether to keep the weights of the epoch with the lowest validation loss, or
        those of the last epoch.
    seed : int
        Seed of the initial weights and of all random numbers.

    Raises
    ------
    BadInput
        A value that must be positive is not.
    """

    batch_size: int = 32
    epochs: int = 100
    learning_rate: float = 1e-3
    optimiser: Literal["adam", "amsgrad", "rmsprop"] = "adam"
    schedule: Literal["cosine", "plateau", "constant"] = "cosine"
    warmup_steps: int = 0
    clip_norm: float = 1.0
    plateau_factor: float = 0.8
    plateau_patience: int = 5
    patience: int = 0
    keep: Literal["best", "last"] = "best"
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("batch_size", "epochs", "learning_rate", "clip_norm"):
            if not (value := getattr(self, name)) > 0:
                raise BadInput(
                    f"the recipe's {name} must be positive; received {value}"
                )


def override(recipe: R, settings: Iterable[str]) -> R:
    """Return a recipe with some of its values replaced.

    Parameters
    ----------
    recipe : dataclass instance
        The recipe, which is not changed.
    settings : iterable of str
        Texts of the form ``"key=value"``.  Numbers are written as in Python, sequences
        of numbers with commas as in ``"down_filters=8,16,32"``, and texts without
        quotes.

    Returns
    -------
    dataclass instance
        The changed recipe, of the same class.

    Raises
    ------
    BadInput
        A setting is not of the form ``key=value``, names no field of the recipe, or
        has a value of another type than the field.

    Examples
    --------
    >>> from amphitrite_training.surveys.morpheus.recipe import Recipe
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
    """Return the value that a text means for a field of a type."""
    try:
        if get_origin(kind) is tuple:
            element = get_args(kind)[0]
            return tuple(_number(part, element) for part in text.split(","))
        if get_origin(kind) is Literal:
            return _choice(text, get_args(kind))
        if kind is str:
            return text
        return _number(text, kind)
    except (ValueError, SyntaxError):
        raise BadInput(
            f"the setting '{key}' takes {_described(kind)}; received '{text}'"
        ) from None


def _choice(text: str, choices: tuple[Any, ...]) -> Any:
    if text not in choices:
        raise ValueError(text)
    return text


def _described(kind: Any) -> str:
    if get_origin(kind) is Literal:
        return "one of " + ", ".join(map(str, get_args(kind)))
    return f"a value of type {kind if get_args(kind) else kind.__name__}"


def _number(text: str, kind: type) -> Any:
    value: Any = ast.literal_eval(text.strip())
    if kind is float and type(value) is int:
        value = float(value)
    if type(value) is not kind:  # bool is an int to isinstance
        raise ValueError(text)
    return value


def _written(value: Any) -> str:
    return ",".join(map(str, value)) if isinstance(value, tuple) else str(value)
