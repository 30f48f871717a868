"""The interface between a survey and the training pipeline: a `Task` for each model.

A survey's module ``tasks`` has ``TASKS``, a dictionary of tasks by the NAME in
``amphitrite train SURVEY --model NAME``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
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


@dataclass(frozen=True)
class OwnData:
    """Data of a user's own on which a survey's network is to be trained.

    Parameters
    ----------
    files : sequence of Path
        The files; see `amphitrite.files.lists.found`.
    labels : str
        Name under which they say what is to be learned.
    labels_unit : str
        Its unit, where they do not say it.
    group : str
        Name under which they say what belongs together: a group is never divided
        between training and test.
    stated : mapping of str to object
        What else is stated of them: fields of the survey's options.
    weights : Path, optional
        Folder of an artefact, with whose weights training starts.
    """

    files: Sequence[Path]
    labels: str
    group: str
    labels_unit: str = ""
    stated: Mapping[str, Any] = field(default_factory=dict)
    weights: Path | None = None


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
    card : callable, optional
        ``card(artefact)`` returns a model card in Markdown, which is written beside
        the network.
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
    card: Callable[[Artefact], str] | None = None


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
