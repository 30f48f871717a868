"""Checkpoints, from which an interrupted training continues exactly where it stopped.

``state.json``
    The state of the run, its history and recipe, and the names of the two files below.
    It is replaced in one step after they are written, so that it never names an
    incomplete file.
``weights-STEP.npz``
    All variables of the network, with the states of its random generators (which a
    ``.keras`` file lacks), and of the optimiser.
``best-STEP.npz``
    The network's variables after the epoch with the lowest validation loss.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, Literal
from zipfile import BadZipFile

import keras
import numpy as np

from amphitrite.errors import BadInput
from amphitrite.files.replacing import aside, aside_pattern
from amphitrite.files.standing import sighting
from amphitrite.files.writing import writing

STATE: Final = "state.json"
"""Name of the file whose existence means that there is a checkpoint."""

FILES: Final = (
    aside_pattern(Path(STATE)),
    *("weights-[0-9]*.npz", ".weights-[0-9]*.npz"),
    *("best-[0-9]*.npz", ".best-[0-9]*.npz"),
)
"""Patterns of the other files that checkpoints may leave behind."""


@dataclass(frozen=True)
class State:
    """The state of a run.

    Parameters
    ----------
    epoch : int
        Number of epochs finished, with their validation.
    index : int
        Number of batches done in the current epoch.
    step : int
        Number of batches done in total.
    n_samples : int
        Number of examples seen in total.
    loss_sum : float
        Sum of the losses of the examples seen in the current epoch.
    loss_samples : int
        Number of these examples.
    seconds : float
        Time of training in s, over all resumptions.
    runs : int
        Number of times the run was started or resumed.
    ended_by : {"", "epochs", "patience", "time limit"}
        Reason why training ended; empty before.
    history : tuple of dict
        ``epoch samples seconds loss val_loss learning_rate`` of each epoch.
    """

    epoch: int = 0
    index: int = 0
    step: int = 0
    n_samples: int = 0
    loss_sum: float = 0.0
    loss_samples: int = 0
    seconds: float = 0.0
    runs: int = 0
    ended_by: Literal["", "epochs", "patience", "time limit"] = ""
    history: tuple[dict[str, float], ...] = ()

    @property
    def losses(self) -> list[float]:
        """The validation losses of the epochs."""
        return [epoch["val_loss"] for epoch in self.history]


class Checkpoints:
    """The checkpoint in a folder.

    Parameters
    ----------
    folder : Path
        An existing folder.
    recipe : mapping
        The recipe's values and the model's name (JSON types).
    """

    def __init__(self, folder: Path, recipe: Mapping[str, Any]) -> None:
        self._folder = folder
        self._recipe = dict(recipe)
        self._best = ""

    @property
    def exists(self) -> bool:
        """Whether there is a checkpoint to resume from."""
        return is_checkpoint(self._folder)

    def save(self, model: keras.Model, state: State, *, is_best: bool = False) -> None:
        """Write a checkpoint that replaces the last one.

        Parameters
        ----------
        model : keras.Model
            The compiled network.
        state : State
            The state of the run.
        is_best : bool
            Whether this epoch has the lowest validation loss so far.

        Raises
        ------
        OutputError
            A file cannot be written, for instance because the disk is full.
        """
        with writing(self._folder):
            weights = f"weights-{state.step}.npz"
            self._store(weights, _model(model) | _optimizer(model))
            if is_best:
                self._best = f"best-{state.step}.npz"
                self._store(self._best, _model(model))
            known = {"weights": weights, "best": self._best, "recipe": self._recipe}
            text = json.dumps({**known, **asdict(state)}, indent=1, allow_nan=False)
            with _replacing(self._folder / STATE) as file:
                file.write_text(text)
            for pattern in FILES:
                for path in self._folder.glob(pattern):
                    if path.name not in (weights, self._best):
                        path.unlink()

    def restore(self, model: keras.Model) -> State:
        """Restore a compiled network from the checkpoint, and return the run's state.

        Parameters
        ----------
        model : keras.Model
            The network, built and compiled with the same recipe; changed in place.

        Returns
        -------
        State
            The state of the run.

        Raises
        ------
        BadInput
            The checkpoint was made with another recipe or network, or is damaged.
        """
        try:
            known = json.loads((self._folder / STATE).read_text())
            weights, self._best = known.pop("weights"), known.pop("best")
            recipe = known.pop("recipe")
            state = State(**{**known, "history": tuple(known["history"])})
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise self._damaged(error) from error
        self._check_recipe(recipe)
        model.optimizer.build(model.trainable_variables)
        self._load(weights, _variables(model) | _optimizer_variables(model))
        return state

    def restore_best(self, model: keras.Model) -> None:
        """Restore the weights of a network's best epoch, in place."""
        self._load(self._best, _variables(model))

    def _check_recipe(self, recipe: Mapping[str, Any]) -> None:
        for key in sorted(recipe.keys() | self._recipe.keys()):
            before, now = recipe.get(key), self._recipe.get(key)
            if before != now:
                raise BadInput(
                    f"the interrupted run in {self._folder} has {key}={before}, this "
                    f"one {key}={now}; resume it with the same --model and --set, or "
                    "start anew with --overwrite"
                )

    def _damaged(self, error: Exception) -> BadInput:
        return BadInput(
            f"the checkpoint in {self._folder} cannot be used: {error}; start anew "
            "with --overwrite"
        )

    def _store(self, name: str, arrays: Mapping[str, Any]) -> None:
        with _replacing(self._folder / name) as path, path.open("wb") as file:
            np.savez(file, **arrays)

    def _load(self, name: str, variables: Mapping[str, Any]) -> None:
        try:
            # Opened here, since NumPy does not close a damaged file that it opens.
            with (self._folder / name).open("rb") as file, np.load(file) as arrays:
                shapes = {key: arrays[key].shape for key in arrays}
                if shapes != {key: tuple(v.shape) for key, v in variables.items()}:
                    raise ValueError("its network is another one")
                for key, variable in variables.items():
                    variable.assign(arrays[key])
        except (OSError, ValueError, EOFError, BadZipFile) as error:
            raise self._damaged(error) from error


def _replacing(path: Path) -> AbstractContextManager[Path]:
    """Yield a temporary path for a file that replaces an earlier checkpoint's."""
    return aside(path, instead_of=sighting(path))


def is_checkpoint(folder: Path) -> bool:
    """Return whether a folder holds a checkpoint."""
    return (folder / STATE).exists()


def _variables(model: keras.Model) -> dict[str, Any]:
    """Return a network's variables by their order; their names may not be unique."""
    return {f"model-{i}": variable for i, variable in enumerate(model.variables)}


def _optimizer_variables(model: keras.Model) -> dict[str, Any]:
    return {f"optimizer-{i}": each for i, each in enumerate(model.optimizer.variables)}


def _model(model: keras.Model) -> dict[str, Any]:
    return _arrays(_variables(model))


def _optimizer(model: keras.Model) -> dict[str, Any]:
    return _arrays(_optimizer_variables(model))


def _arrays(variables: Mapping[str, Any]) -> dict[str, Any]:
    return {key: keras.ops.convert_to_numpy(each) for key, each in variables.items()}
