"""What recipes have in common, and how to change one: ``--set key=value``.

A recipe is a frozen dataclass that holds a paper's values as defaults, so that the code
is the configuration.  An override names one of its fields; anything else is refused.
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
    """How a network is trained; a survey's recipe adds its own values.

    Parameters
    ----------
    batch_size : int
        Examples per step of the optimiser.
    epochs : int
        The most passes over the training set.
    learning_rate : float
        The highest step of the optimiser.
    optimiser : {"adam", "amsgrad", "rmsprop"}
        Which one: Adam, Adam with the AMSGrad correction, or RMSprop.
    schedule : {"cosine", "plateau", "constant"}
        How the step falls: along half a cosine to zero at the end of the run, or by
        `plateau_factor` whenever the validation loss has not improved for
        `plateau_patience` epochs, or not at all.
    warmup_steps : int
        Steps over which the learning rate rises linearly from zero.
    clip_norm : float
        The largest norm of a weight's gradient; a longer one is shortened to it.
    plateau_factor, plateau_patience : float, int
        See `schedule`.
    patience : int
        Epochs without a better validation loss after which the run ends; 0 for never.
    keep : {"best", "last"}
        Whether the weights of the epoch with the lowest validation loss are kept, or
        those of the last one.
    seed : int
        Seed of the first weights and of all that is drawn.

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
        The recipe to start from; it is left as it is.
    settings : iterable of str
        ``"key=value"`` each.  A number is written as in Python, a sequence of numbers
        with commas: ``"down_filters=8,16,32"``; text without quotes.

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
    """Read a value of the type that a field is annotated with."""
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
