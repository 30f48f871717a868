"""What a survey hands to the training pipeline: one `Task` for each of its models.

A survey's module ``amphitrite_training.<survey>.tasks`` holds ``TASKS``, a dictionary
of tasks by the name that ``amphitrite train SURVEY --model NAME`` takes.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeAlias, TypeVar

from numpy.typing import NDArray

import amphitrite_training
from amphitrite.errors import BadInput
from amphitrite.spec import ModelSpec
from amphitrite_training.recipe import Training

if TYPE_CHECKING:
    import keras

    from amphitrite_training.artefact import Artefact

Arrays: TypeAlias = dict[str, NDArray[Any]]
R = TypeVar("R", bound=Training)


class Batches(Protocol):
    """A set of examples, cut into batches that are made when they are asked for."""

    def __len__(self) -> int:
        """Return the number of batches in an epoch."""

    def batch(self, epoch: int, index: int) -> tuple[Arrays, Arrays]:
        """Return one batch: inputs and targets by tensor name.

        It depends on ``epoch`` and ``index`` (both from 0) and on nothing else, so that
        a resumed run sees what it would have seen; threads call it at the same time.
        """


@dataclass(frozen=True)
class Data:
    """What a network learns from.

    Parameters
    ----------
    training : Batches
        Asked for every epoch, each of which may show other examples.
    validation : Batches
        Asked for epoch 0 only: the same examples after every epoch.
    """

    training: Batches
    validation: Batches


def _nothing(
    model: keras.Model, recipe: Any, data: Data
) -> tuple[dict[str, Any], dict[str, Any]]:
    return {}, {}


@dataclass(frozen=True)
class Task(Generic[R]):
    """How one model is trained.

    Parameters
    ----------
    recipe : Training
        The default values.
    spec : ModelSpec
        The contract of the served model.
    build : callable
        ``build(recipe)`` returns the network, not compiled: stock layers and
        ``keras.ops`` only, inputs and outputs named as in `spec`.
    loss : callable
        ``loss(recipe)`` returns Keras losses (objects, functions or names) by the name
        of the output that they judge.  An output without one is not judged; one that
        `spec` does not name is left out of the artefact.
    data : callable
        ``data(recipe)`` returns the `Data`.  Its module never imports keras.
    samples : callable
        ``samples(recipe)`` returns realistic inputs by tensor name, each with a leading
        batch axis, on which export compares Keras with ONNX Runtime.
    learn : callable, optional
        ``learn(model, recipe, data)`` returns what is calibrated on the validation
        data with the trained network, for ``spec.json``, and what was measured on the
        way, for ``metrics.json`` (both dictionaries of JSON types).
    """

    recipe: R
    spec: ModelSpec
    build: Callable[[R], keras.Model]
    loss: Callable[[R], Mapping[str, Any]]
    data: Callable[[R], Data]
    samples: Callable[[R], Mapping[str, NDArray[Any]]]
    learn: Callable[[keras.Model, R, Data], tuple[dict[str, Any], dict[str, Any]]] = (
        _nothing
    )


@dataclass(frozen=True)
class Published:
    """A model whose weights its authors publish and which is not trained here.

    Parameters
    ----------
    recipe : dataclass instance
        The published values.
    weights : callable
        ``weights(recipe)`` returns the artefact.
    untrainable : str
        Why it cannot be trained, as a sentence without its full stop.
    """

    recipe: Any
    weights: Callable[[Any], Artefact]
    untrainable: str


def surveys() -> list[str]:
    """Return the names of the surveys that have tasks."""
    package = amphitrite_training.__name__
    return sorted(
        module.name
        for module in pkgutil.iter_modules(amphitrite_training.__path__)
        if module.ispkg and find_spec(f"{package}.{module.name}.tasks")
    )


def find(survey: str, model: str | None = None) -> Task[Any] | Published:
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
    if survey not in (known := surveys()):
        raise BadInput(
            f"there is no survey '{survey}'; the surveys are: {', '.join(known)}"
        )
    package = amphitrite_training.__name__
    tasks: Mapping[str, Task[Any] | Published]
    tasks = importlib.import_module(f"{package}.{survey}.tasks").TASKS
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
