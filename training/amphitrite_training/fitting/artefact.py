"""The result of a training: a folder that export turns into a served model.

``model.keras``
    The network with its weights.
``spec.json``
    The contract and the learned values (`amphitrite.triton.spec.ModelSpec`).
``samples.npz``
    Realistic inputs by tensor name, on which export compares Keras with ONNX Runtime.
``recipe.json``
    The values with which the network was built and trained.
``metrics.json``
    Measurements, the origin of the weights, and the course of the training.
``curve.png``
    The losses and the learning rate during training (with the ``plots`` extra, and if
    the network was trained here).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from amphitrite.engine.staging import Staging
from amphitrite.files.writing import writing
from amphitrite.triton.spec import ModelSpec
from amphitrite_training.diagrams.losses import draw

if TYPE_CHECKING:
    import keras


PRODUCTS: Final = (
    *("model.keras", "spec.json", "samples.npz"),
    *("recipe.json", "metrics.json", "curve.png"),
)


@dataclass(frozen=True)
class Artefact:
    """A trained network with everything that belongs to it.

    Parameters
    ----------
    model : keras.Model
        The network with its weights.
    spec : ModelSpec
        Its contract, with the learned values.
    samples : mapping of str to ndarray
        Realistic inputs by tensor name, each with a leading batch axis.
    recipe : mapping
        The recipe's values (JSON types).
    metrics : mapping
        Counts and measurements (JSON types); ``history``, if there is one, is drawn as
        the learning curve.
    """

    model: keras.Model
    spec: ModelSpec
    samples: Mapping[str, NDArray[Any]]
    recipe: Mapping[str, Any]
    metrics: Mapping[str, Any]


def save(artefact: Artefact, folder: Path) -> None:
    """Write an artefact into a new folder, which appears only when it is complete.

    Parameters
    ----------
    artefact : Artefact
        The artefact.
    folder : Path
        The folder to create, with its parents.

    Raises
    ------
    OutputError
        The folder exists already, or cannot be written.
    """
    with Staging(folder, products=PRODUCTS) as staging:
        write(artefact, staging.result)
        staging.publish()


def write(artefact: Artefact, folder: Path) -> None:
    """Write the files of an artefact.

    Parameters
    ----------
    artefact : Artefact
        The artefact.
    folder : Path
        The folder; created if it does not exist.

    Raises
    ------
    OutputError
        A file cannot be written.
    """
    with writing(folder):
        folder.mkdir(exist_ok=True)
        artefact.model.save(folder / "model.keras")
        (folder / "spec.json").write_text(artefact.spec.to_json() + "\n")
        with (folder / "samples.npz").open("wb") as file:
            np.savez_compressed(file, **dict(artefact.samples))  # type: ignore[arg-type]
        for name in ("recipe", "metrics"):
            text = json.dumps(getattr(artefact, name), indent=2, sort_keys=True)
            (folder / f"{name}.json").write_text(text + "\n")
        if history := artefact.metrics.get("history"):
            draw(history, folder / "curve.png", title=artefact.spec.name)


def counts(model: keras.Model) -> dict[str, int]:
    """Return the numbers of trained and of other parameters of a model."""
    return {
        "trainable_parameters": _size(model.trainable_weights),
        "other_parameters": _size(model.non_trainable_weights),
    }


def as_json_types(recipe: Any) -> dict[str, Any]:
    """Return a recipe's values as JSON types, with lists instead of tuples."""
    values: dict[str, Any] = json.loads(json.dumps(asdict(recipe)))
    return values


def _size(weights: list[Any]) -> int:
    return sum(int(np.prod(weight.shape)) for weight in weights)
