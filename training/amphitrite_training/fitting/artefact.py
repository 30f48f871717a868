"""Write the result of a training (see `amphitrite.triton.artefact`)."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from amphitrite.engine.staging import Staging
from amphitrite.files.writing import writing
from amphitrite.triton.artefact import (
    CARD,
    CURVE,
    FILES,
    METRICS,
    NETWORK,
    RECIPE,
    SAMPLES,
    SPEC,
    Artefact,
)
from amphitrite_training.diagrams.losses import draw

if TYPE_CHECKING:
    import keras


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
    with Staging(folder, products=FILES) as staging:
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
        artefact.model.save(folder / NETWORK)
        (folder / SPEC).write_text(artefact.spec.to_json() + "\n")
        with (folder / SAMPLES).open("wb") as file:
            np.savez_compressed(file, **dict(artefact.samples))  # type: ignore[arg-type]
        for name, values in (
            (RECIPE, artefact.recipe),
            (METRICS, artefact.metrics),
        ):
            text = json.dumps(values, indent=2, sort_keys=True)
            (folder / name).write_text(text + "\n")
        if artefact.card:
            (folder / CARD).write_text(artefact.card)
        if history := artefact.metrics.get("history"):
            draw(history, folder / CURVE, title=artefact.spec.name)


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
