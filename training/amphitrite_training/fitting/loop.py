"""The training loop of all surveys: steps, validation, checkpoints and the end.

Keras does each single step (``train_on_batch``) on any of its backends.  The loop over
steps is here, because a run must be able to stop after any step and to continue later
with the same result.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

import keras

from amphitrite.errors import BadInput, Interrupted
from amphitrite_training.fitting.checkpoint import Checkpoints, State
from amphitrite_training.fitting.interruption import deferred_interruption
from amphitrite_training.fitting.prefetch import prefetched
from amphitrite_training.fitting.recipe import Training
from amphitrite_training.fitting.schedule import best_epoch, is_stalled, learning_rate
from amphitrite_training.fitting.task import Arrays, Data

# The most time that is lost if a machine fails in the middle of an epoch.
_SECONDS_BETWEEN_CHECKPOINTS: Final = 300.0


@dataclass(frozen=True)
class Report:
    """The report on a run after each step and each epoch.

    Parameters
    ----------
    state : State
        The state of the run.
    progress : float
        Fraction of the run that is done, 0 to 1.
    loss : float
        Mean loss of the current epoch so far; NaN before its first step.
    """

    state: State
    progress: float
    loss: float


def compile_model(model: keras.Model, losses: Any, recipe: Training) -> None:
    """Compile a network with its losses and the optimiser of a recipe, in place."""
    model.compile(
        optimizer=optimiser(recipe),
        loss=losses,
        # XLA is slower than TensorFlow's own kernels for convolutions on a CPU.
        jit_compile=False if _is_tensorflow_on_cpu() else "auto",
    )


def optimiser(recipe: Training) -> keras.optimizers.Optimizer:
    """Return the optimiser of a recipe.

    Parameters
    ----------
    recipe : Training
        The recipe, with ``optimiser``, ``learning_rate`` and ``clip_norm``.

    References
    ----------
    Kingma & Ba 2015, arXiv:1412.6980 (Adam); Reddi, Kale & Kumar 2018,
    arXiv:1904.09237 (AMSGrad); Tieleman & Hinton 2012, lecture 6.5 (RMSprop).
    """
    step = {"learning_rate": recipe.learning_rate, "clipnorm": recipe.clip_norm}
    if recipe.optimiser == "rmsprop":
        return keras.optimizers.RMSprop(**step)
    return keras.optimizers.Adam(**step, amsgrad=recipe.optimiser == "amsgrad")


def fit(
    model: keras.Model,
    recipe: Training,
    data: Data,
    *,
    checkpoints: Checkpoints,
    time_limit: float = math.inf,
    report: Callable[[Report], None] = lambda report: None,
) -> State:
    """Train a network to the end of its recipe or of a time limit.

    If there is a checkpoint, training continues from it: on the same machine with the
    same batches, the network is the same as without interruption.

    Parameters
    ----------
    model : keras.Model
        The network, built and compiled with `compile_model`; trained in place.
    recipe : Training
        The recipe.
    data : Data
        The examples for training and validation.
    checkpoints : Checkpoints
        The checkpoint, written after every epoch and every five minutes.
    time_limit : float, optional
        Time of training in s, over all resumptions, after which the run ends with the
        current step and a last validation.  The cosine schedule ends there as well.
    report : callable, optional
        Called with a `Report` after each step and each epoch.

    Returns
    -------
    State
        The state at the end.  The network has the weights according to
        ``recipe.keep``.

    Raises
    ------
    Interrupted
        Ctrl-C or SIGTERM; the checkpoint is that of the last step.
    BadInput
        There are no data, the loss is not finite, or the checkpoint cannot be used.
    OutputError
        A checkpoint cannot be written.
    """
    for name in ("training", "validation"):
        if not len(getattr(data, name)):
            raise BadInput(
                f"there is no full batch of {name} data; give a smaller batch_size "
                "(--set)"
            )
    with deferred_interruption() as interrupted:
        run = _Run(model, recipe, data, checkpoints, time_limit, report, interrupted)
        state = run.to_the_end()
    if recipe.keep == "best":
        checkpoints.restore_best(model)
    return state


class _Run:
    """One run of `fit`, with the same parameters."""

    def __init__(
        self,
        model: keras.Model,
        recipe: Training,
        data: Data,
        checkpoints: Checkpoints,
        time_limit: float,
        report: Callable[[Report], None],
        interrupted: Callable[[], bool],
    ) -> None:
        self.model = model
        self.recipe = recipe
        self.data = data
        self.checkpoints = checkpoints
        self.time_limit = time_limit
        self.report = report
        self.interrupted = interrupted
        self.state = checkpoints.restore(model) if checkpoints.exists else State()
        self.state = replace(self.state, runs=self.state.runs + 1)
        self.began: float = time.monotonic() - self.state.seconds
        self.saved = time.monotonic()

    def to_the_end(self) -> State:
        while not self.state.ended_by:
            self.train_epoch()
            self.end_epoch()
        return self.state

    @property
    def seconds(self) -> float:
        return time.monotonic() - self.began

    @property
    def progress(self) -> float:
        n_steps: int = self.recipe.epochs * len(self.data.training)
        by_time: float = self.seconds / self.time_limit
        by_steps: float = self.state.step / n_steps
        return min(1.0, max(by_steps, by_time))

    def train_epoch(self) -> None:
        """Do the remaining steps of the epoch, as far as time allows."""
        state = self.state
        with prefetched(
            self.data.training, epoch=state.epoch, start=state.index
        ) as batches:
            for inputs, targets in batches:
                # The first step is always done, so that there is a loss.
                if self.seconds >= self.time_limit and self.state.step:
                    break
                self.step(inputs, targets)
                self.stop_if_asked()

    def step(self, inputs: Arrays, targets: Arrays) -> None:
        state, n = self.state, _size(inputs)
        self.model.optimizer.learning_rate = learning_rate(
            self.recipe,
            step=state.step,
            progress=self.progress,
            losses=state.losses,
        )
        if keras.backend.backend() == "torch":
            # There, dropout uses a random generator that is not a variable of Keras.
            keras.utils.set_random_seed(
                (self.recipe.seed * 1_000_003 + state.step) % 2**32
            )
        self.model.reset_metrics()  # Keras would return the mean of all steps
        logs = self.model.train_on_batch(self.fed(inputs), targets, return_dict=True)
        loss = self.finite(logs["loss"])
        self.state = replace(
            state,
            index=state.index + 1,
            step=state.step + 1,
            n_samples=state.n_samples + n,
            loss_sum=state.loss_sum + loss * n,
            loss_samples=state.loss_samples + n,
            seconds=self.seconds,
        )
        self.send_report()
        if time.monotonic() - self.saved > _SECONDS_BETWEEN_CHECKPOINTS:
            self.save()

    def end_epoch(self) -> None:
        """Validate, add the epoch to the history, and decide whether to continue."""
        if not self.state.loss_samples:  # the time ended before its first step
            self.state = replace(self.state, ended_by="time limit")
            self.save()
            self.send_report()
            return
        val_loss = self.validate()
        state = self.state
        epoch = {
            "epoch": state.epoch + 1,
            "samples": state.n_samples,
            "seconds": self.seconds,
            "loss": state.loss_sum / state.loss_samples,
            "val_loss": val_loss,
            "learning_rate": float(self.model.optimizer.learning_rate),
        }
        state = replace(
            state,
            epoch=state.epoch + 1,
            index=0,
            loss_sum=0.0,
            loss_samples=0,
            seconds=self.seconds,
            history=(*state.history, epoch),
        )
        self.state = replace(state, ended_by=self.reason_to_end(state))
        self.save(is_best=best_epoch(state.losses) == len(state.losses) - 1)
        self.send_report()

    def validate(self) -> float:
        """Return the mean loss over the validation data."""
        total, n_samples = 0.0, 0
        with prefetched(self.data.validation, epoch=0) as batches:
            for inputs, targets in batches:
                self.model.reset_metrics()
                logs = self.model.test_on_batch(
                    self.fed(inputs), targets, return_dict=True
                )
                n = _size(inputs)
                total, n_samples = total + self.finite(logs["loss"]) * n, n_samples + n
                self.stop_if_asked()
        return total / n_samples

    def reason_to_end(
        self, state: State
    ) -> Literal["", "epochs", "patience", "time limit"]:
        if state.epoch >= self.recipe.epochs:
            return "epochs"
        if state.seconds >= self.time_limit:
            return "time limit"
        if is_stalled(state.losses, patience=self.recipe.patience):
            return "patience"
        return ""

    def stop_if_asked(self) -> None:
        if self.interrupted():
            self.save()
            raise Interrupted(
                f"interrupted after {self.state.n_samples:,} samples; give --resume to "
                "go on from there"
            )

    def save(self, *, is_best: bool = False) -> None:
        self.state = replace(self.state, seconds=self.seconds)
        self.checkpoints.save(self.model, self.state, is_best=is_best)
        self.saved = time.monotonic()

    def fed(self, inputs: Arrays) -> Any:
        """Return inputs in the network's structure: a dictionary, list or array."""
        return keras.tree.map_structure(
            lambda tensor: inputs[tensor.name], self.model.input
        )

    def send_report(self) -> None:
        n = self.state.loss_samples
        loss = self.state.loss_sum / n if n else math.nan
        self.report(Report(self.state, self.progress, loss))

    def finite(self, loss: Any) -> float:
        value = float(loss)
        if not math.isfinite(value):
            raise BadInput(
                f"the loss became {value} at step {self.state.step + 1}; start anew "
                "with --overwrite and a smaller learning_rate or clip_norm (--set)"
            )
        return value


def _size(arrays: Arrays) -> int:
    return len(next(iter(arrays.values())))


def _is_tensorflow_on_cpu() -> bool:
    if keras.backend.backend() != "tensorflow":
        return False
    return not keras.distribution.list_devices("gpu")
