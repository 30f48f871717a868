"""From a task to an artefact: build, train and calibrate a network."""

from __future__ import annotations

import math
import platform
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np

from amphitrite._version import __version__
from amphitrite.triton.artefact import Artefact
from amphitrite.triton.spec import ModelSpec
from amphitrite_training.fitting.artefact import as_json_types, counts
from amphitrite_training.fitting.checkpoint import Checkpoints, State
from amphitrite_training.fitting.loop import Report, compile_model, fit
from amphitrite_training.fitting.recipe import Training
from amphitrite_training.fitting.schedule import best_epoch
from amphitrite_training.fitting.task import Task


def train(
    task: Task[Any],
    recipe: Training,
    *,
    folder: Path,
    time_limit: float = math.inf,
    report: Callable[[Report], None] = lambda report: None,
) -> Artefact:
    """Return the artefact of a task's network after training and calibration.

    Parameters
    ----------
    task : Task
        The task.
    recipe : Training
        The recipe, of the class of ``task.recipe``.
    folder : Path
        An existing folder for checkpoints.  If it has one, training continues from it.
    time_limit, report
        See `amphitrite_training.fitting.loop.fit`.

    Returns
    -------
    Artefact
        The trained network with everything that belongs to it.

    Raises
    ------
    Interrupted, BadInput, OutputError
        See `amphitrite_training.fitting.loop.fit`.
    """
    keras.utils.set_random_seed(recipe.seed)
    model = task.build(recipe)
    compile_model(model, task.loss(recipe), recipe)
    data = task.data(recipe)
    values = as_json_types(recipe)
    state = fit(
        model,
        recipe,
        data,
        checkpoints=Checkpoints(
            folder, {"model": task.spec.name, **values, **task.spec.learned}
        ),
        time_limit=time_limit,
        report=report,
    )
    learned, measured = task.learn(model, recipe, data)
    # Built anew, so that the saved network does not depend on the loss's code.
    served = task.build(recipe)
    served.set_weights(model.get_weights())
    served = _as_declared(served, task.spec)
    account = {**counts(model), **_account(state, recipe)}
    how = {key: value for key, value in account.items() if key != "history"}
    learned = {**task.spec.learned, **learned, "recipe": values, "training": how}
    artefact = Artefact(
        model=served,
        spec=replace(task.spec, learned=learned),
        samples=task.samples(recipe),
        recipe=values,
        metrics={**account, **measured},
    )
    return replace(artefact, card=task.card(artefact)) if task.card else artefact


def _as_declared(model: keras.Model, spec: ModelSpec) -> keras.Model:
    """Return a network without outputs that are only needed for its loss."""
    names = [tensor.name for tensor in spec.outputs]
    if not isinstance(model.output, dict) or set(model.output) <= set(names):
        return model
    outputs = {name: model.output[name] for name in names}
    return keras.Model(model.input, outputs, name=model.name)


def _account(state: State, recipe: Training) -> dict[str, Any]:
    """Return the course of a training: steps, losses, backend and versions."""
    losses = state.losses
    kept = best_epoch(losses) if recipe.keep == "best" else len(losses) - 1
    return {
        "steps": state.step,
        "samples_seen": state.n_samples,
        "seconds": round(state.seconds, 1),
        "runs": state.runs,
        "ended_by": state.ended_by,
        "kept_epoch": kept + 1,
        "val_loss": losses[kept],
        "history": list(state.history),
        "backend": keras.backend.backend(),
        "devices": keras.distribution.list_devices(),
        "versions": _versions(),
    }


def _versions() -> Mapping[str, str]:
    backend = keras.backend.backend()
    framework = __import__(backend).__version__
    return {
        "amphitrite": __version__,
        "python": platform.python_version(),
        "keras": keras.__version__,
        backend: framework,
        "numpy": np.__version__,
    }
