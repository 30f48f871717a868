"""What a survey hands to the training pipeline: one `Task` for each of its models.

A survey's module ``tasks`` holds ``TASKS``, a dictionary of tasks by the name that
``amphitrite train SURVEY --model NAME`` takes.
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

    from amphitrite_training.fitting.artefact import Artefact


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
class PublishedWeights:
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
