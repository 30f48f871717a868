"""The interface between a survey and the training pipeline: a `Task` for each model.

A survey's module ``tasks`` has ``TASKS``, a dictionary of tasks by the NAME in
``amphitrite train SURVEY --model NAME``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeAlias, TypeVar

from numpy.typing import NDArray

from amphitrite.triton.spec import ModelSpec
from amphitrite_training.fitting.recipe import Training

if TYPE_CHECKING:
    import keras

    from amphitrite.triton.artefact import Artefact


Arrays: TypeAlias = dict[str, NDArray[Any]]
R = TypeVar("R", bound=Training)


class Batches(Protocol):
    """A set of examples in batches, each of which is made when it is requested."""

    def __len__(self) -> int:
        """Return the number of batches in an epoch."""

    def batch(self, epoch: int, index: int) -> tuple[Arrays, Arrays]:
        """Return one batch: inputs and targets by tensor name.

        It depends only on ``epoch`` and ``index`` (both from 0), so that a resumed run
        gets the same batches.  Several threads call it at the same time.
        """


@dataclass(frozen=True)
class Data:
    """The examples for training and validation.

    Parameters
    ----------
    training : Batches
        Batches of every epoch; epochs may have different examples.
    validation : Batches
        Of these only the batches of epoch 0 are used, so that every epoch is validated
        on the same examples.
    """

    training: Batches
    validation: Batches


def _nothing(
    model: keras.Model, recipe: Any, data: Data
) -> tuple[dict[str, Any], dict[str, Any]]:
    return {}, {}


@dataclass(frozen=True)
class Task(Generic[R]):
    """The training of one model.

    Parameters
    ----------
    recipe : Training
        The recipe with its default values.
    spec : ModelSpec
        The contract of the served model.
    build : callable
        ``build(recipe)`` returns the network, not compiled: stock layers and
        ``keras.ops`` only, inputs and outputs named as in `spec`.
    loss : callable
        ``loss(recipe)`` returns Keras losses (objects, functions or names) by the name
        of the output to which they apply.  Not every output needs one; outputs that
        `spec` does not have are left out of the artefact.
    data : callable
        ``data(recipe)`` returns the `Data`.  Its module must not import keras.
    samples : callable
        ``samples(recipe)`` returns realistic inputs by tensor name, each with a leading
        batch axis, on which export compares Keras with ONNX Runtime.
    learn : callable, optional
        ``learn(model, recipe, data)`` returns two dictionaries of JSON types: the
        values calibrated on the validation data with the trained network, for
        ``spec.json``, and the measurements made for that, for ``metrics.json``.
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
class PublishedWeights:
    """A model with weights from its authors, which is not trained here.

    Parameters
    ----------
    recipe : dataclass instance
        The published values.
    weights : callable
        ``weights(recipe)`` returns the artefact.
    untrainable : str
        The reason why it cannot be trained, as a sentence without full stop.
    """

    recipe: Any
    weights: Callable[[Any], Artefact]
    untrainable: str
