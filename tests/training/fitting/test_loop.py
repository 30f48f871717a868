"""Real training of a small network: what may happen to a run, and what comes out."""

from __future__ import annotations

import signal
import threading
from dataclasses import replace

import numpy as np
import pytest

keras = pytest.importorskip("keras", reason="needs the training extra")

from amphitrite.errors import BadInput, Interrupted  # noqa: E402
from amphitrite_training.fitting.artefact import as_json_types  # noqa: E402
from amphitrite_training.fitting.checkpoint import Checkpoints, State  # noqa: E402
from amphitrite_training.fitting.loop import compile_model, fit, optimiser  # noqa: E402
from amphitrite_training.fitting.recipe import Training  # noqa: E402
from amphitrite_training.fitting.task import Data  # noqa: E402

pytestmark = [
    pytest.mark.training,
    # Keras copies TensorFlow's variables in a way that numpy 2 deprecates.
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),
]

# The same float32 sums in the same order: what differs is how threads share them.
SAME = {"rtol": 1e-5, "atol": 1e-6}


@pytest.fixture
def recipe(line):
    return line.Recipe()


@pytest.fixture
def train(line, tmp_path):
    """Train in one folder; each call stands for a new process."""

    def run(recipe, *, data=None, seed=None, **options):
        keras.utils.set_random_seed(recipe.seed if seed is None else seed)
        model = line.build(recipe)
        compile_model(model, line.loss(recipe), recipe)
        checkpoints = Checkpoints(tmp_path, as_json_types(recipe))
        data = data or line.data(recipe)
        return model, fit(model, recipe, data, checkpoints=checkpoints, **options)

    return run


def interrupt_at(step):
    """Return a function that sends Ctrl-C to this process after a step."""

    def interrupt(report):
        if report.state.step == step and report.state.index:
            signal.raise_signal(signal.SIGINT)

    return interrupt


def assert_same_weights(one, other):
    for mine, yours in zip(one.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_allclose(mine, yours, **SAME)


def clear(folder):
    for path in folder.iterdir():
        path.unlink()


def test_a_network_learns(train, line):
    recipe = line.Recipe(epochs=30, dropout=0.0, learning_rate=0.1, width=16)
    _, state = train(recipe)
    assert state.ended_by == "epochs"
    assert [each["epoch"] for each in state.history] == list(range(1, 31))
    assert state.history[-1]["samples"] == state.n_samples == 30 * 5 * 16
    assert state.step == 150
    assert state.history[-1]["loss"] < 0.3 * state.history[0]["loss"]
    assert state.history[-1]["learning_rate"] < 0.01 * recipe.learning_rate


@pytest.mark.parametrize("step", [7, 10])  # an epoch has five
def test_a_resumed_run_ends_as_if_never_interrupted(train, recipe, tmp_path, step):
    whole, expected = train(recipe)
    clear(tmp_path)
    with pytest.raises(Interrupted, match=rf"after {16 * step} samples; give --resume"):
        train(recipe, report=interrupt_at(step))
    # other first weights and random numbers: the checkpoint must bring its own
    resumed, state = train(recipe, seed=99)
    assert_same_weights(whole, resumed)
    assert (state.step, state.runs, state.ended_by) == (15, 2, "epochs")
    for mine, yours in zip(state.history, expected.history, strict=True):
        for key in ("epoch", "samples", "loss", "val_loss", "learning_rate"):
            assert mine[key] == pytest.approx(yours[key], rel=SAME["rtol"])


def first_step(name, gradients):
    """Return by how much steps of an optimiser move a weight, its rate being 0.1."""
    recipe = Training(learning_rate=0.1, clip_norm=1e6, optimiser=name)
    chosen = optimiser(recipe)
    weight = keras.Variable(np.zeros(1, np.float32))
    chosen.build([weight])
    for gradient in gradients:
        before = float(keras.ops.convert_to_numpy(weight.value)[0])
        chosen.apply([np.array([gradient], np.float32)])
    return float(keras.ops.convert_to_numpy(weight.value)[0]) - before


def test_a_recipe_chooses_its_optimiser():
    # Adam's first step is the rate, whatever the gradient; RMSprop's is the rate over
    # the square root of 1 - 0.9, as its mean square starts from 0
    assert first_step("adam", [3.0]) == pytest.approx(-0.1, rel=1e-4)
    assert first_step("rmsprop", [3.0]) == pytest.approx(-0.1 / 0.1**0.5, rel=1e-4)
    # long after a large gradient Adam has forgotten it and AMSGrad has not
    late = [100.0] + [1.0] * 100
    ratio = first_step("adam", late) / first_step("amsgrad", late)
    # the mean square fell from 10 towards 1 in the meantime, by 0.1 % a step; in
    # float32, 100 steps are sure to some 1e-5
    kept = 0.999**100
    assert ratio == pytest.approx((10 / (10 * kept + 1 - kept)) ** 0.5, rel=1e-4)


def test_another_seed_gives_other_weights(train, recipe, tmp_path):
    """Or else the test above would say nothing."""
    one, _ = train(recipe)
    clear(tmp_path)
    other, _ = train(recipe, seed=99)
    differences = [
        np.abs(mine - yours).max()
        for mine, yours in zip(one.get_weights(), other.get_weights(), strict=True)
    ]
    assert max(differences) > 0.01


class Interrupting:
    """Validation data that are interrupted at their second batch, once."""

    def __init__(self, batches):
        self.batches = batches
        self.done = False

    def __len__(self):
        return len(self.batches)

    def batch(self, epoch, index):
        if index == 1 and not self.done:
            self.done = True
            signal.pthread_kill(threading.main_thread().ident, signal.SIGTERM)
        return self.batches.batch(epoch, index)


def test_a_run_interrupted_while_validating_is_resumed(train, line, recipe, tmp_path):
    whole, expected = train(recipe)
    clear(tmp_path)
    data = line.data(recipe)
    data = Data(data.training, Interrupting(data.validation))
    with pytest.raises(Interrupted, match="after 80 samples"):
        train(recipe, data=data)
    resumed, state = train(recipe, data=data)
    assert_same_weights(whole, resumed)
    assert state.losses == pytest.approx(expected.losses, rel=SAME["rtol"])


def test_time_ends_a_run_in_order(train, line):
    recipe = line.Recipe(epochs=100_000, batch_seconds=0.01)
    progress = []
    _, state = train(
        recipe, time_limit=1.0, report=lambda report: progress.append(report.progress)
    )
    assert state.ended_by == "time limit"
    assert len(state.losses) == state.epoch > 0
    assert progress == sorted(progress)
    assert progress[-1] == 1.0


def test_a_time_that_is_too_short_still_gives_one_step(train, recipe):
    _, state = train(recipe, time_limit=1e-9)
    assert (state.step, len(state.history)) == (1, 1)
    assert state.ended_by == "time limit"


def test_time_adds_up_over_resumptions(train, recipe):
    with pytest.raises(Interrupted):
        train(recipe, report=interrupt_at(7))
    _, state = train(recipe, time_limit=1e-9)  # the first run had more
    assert (state.step, state.ended_by, state.runs) == (7, "time limit", 2)
    # the mean of the two steps that the second epoch had
    assert [each["samples"] for each in state.history] == [80, 112]


@pytest.fixture
def after_one_epoch(line, tmp_path):
    """Leave the checkpoint of a run of one epoch that took 50 seconds."""

    def left(recipe):
        model = line.build(recipe)
        compile_model(model, line.loss(recipe), recipe)
        model.optimizer.build(model.trainable_variables)
        epoch = {"epoch": 1, "samples": 80, "seconds": 50.0, "loss": 1.0}
        epoch |= {"val_loss": 1.0, "learning_rate": recipe.learning_rate}
        state = State(epoch=1, step=5, n_samples=80, seconds=50.0, history=(epoch,))
        Checkpoints(tmp_path, as_json_types(recipe)).save(model, state, is_best=True)
        return model

    return left


def test_time_may_end_between_two_epochs(train, recipe, after_one_epoch):
    model = after_one_epoch(recipe)
    resumed, state = train(recipe, time_limit=49.0)
    assert (state.step, state.ended_by, len(state.history)) == (5, "time limit", 1)
    assert_same_weights(model, resumed)


def test_the_learning_rate_falls_with_the_time(train, line, after_one_epoch):
    recipe = line.Recipe(epochs=100_000, keep="last")
    after_one_epoch(recipe)
    with pytest.raises(Interrupted):
        train(recipe, time_limit=100.0, report=interrupt_at(6))
    _, state = train(recipe, time_limit=1e-9)
    # By steps it would not have fallen yet; half of the time was over.
    assert 0 < state.history[-1]["learning_rate"] <= 0.5 * recipe.learning_rate


class Opposite:
    """The examples with the sign of their targets turned."""

    def __init__(self, batches):
        self.batches = batches

    def __len__(self):
        return len(self.batches)

    def batch(self, epoch, index):
        inputs, targets = self.batches.batch(epoch, index)
        return inputs, {"y": -targets["y"]}


@pytest.mark.parametrize("keep", ["best", "last"])
def test_a_run_without_progress_ends_and_keeps_what_it_should(train, line, keep):
    recipe = line.Recipe(epochs=50, patience=2, keep=keep, dropout=0.0)
    data = line.data(recipe)
    # The better the network gets on the training data, the worse it does on these.
    data = Data(data.training, Opposite(data.validation))
    model, state = train(recipe, data=data)
    assert state.ended_by == "patience"
    best = int(np.argmin(state.losses))
    assert best == len(state.losses) - 3
    judged = []
    for index in range(len(data.validation)):
        inputs, targets = data.validation.batch(0, index)
        found = model.predict_on_batch(inputs["x"])["y"]
        judged.append(np.mean((found - targets["y"]) ** 2))
    kept = state.losses[best if keep == "best" else -1]
    assert np.mean(judged) == pytest.approx(kept, rel=1e-4)


class Broken:
    """The examples with a target that is no number in the third batch."""

    def __init__(self, batches):
        self.batches = batches

    def __len__(self):
        return len(self.batches)

    def batch(self, epoch, index):
        inputs, targets = self.batches.batch(epoch, index)
        return inputs, {"y": targets["y"] * (np.nan if index == 2 else 1)}


def test_a_loss_that_is_no_number_ends_the_run(train, line, recipe):
    data = line.data(recipe)
    with pytest.raises(BadInput, match="the loss became nan at step 3; start anew wi"):
        train(recipe, data=Data(Broken(data.training), data.validation))


@pytest.mark.parametrize("which", ["training", "validation"])
def test_data_without_a_batch_are_refused(train, line, recipe, which):
    empty = line.data(replace(recipe, n_batches=0)).training
    with pytest.raises(
        BadInput, match=f"no full batch of {which} data; give a smaller"
    ):
        train(recipe, data=replace(line.data(recipe), **{which: empty}))


def test_inputs_in_a_dictionary_are_fed_by_name(train, line, recipe, monkeypatch):
    def build(recipe):
        x = keras.Input((2,), name="x")
        return keras.Model({"x": x}, {"y": keras.layers.Dense(1)(x)})

    monkeypatch.setattr(line, "build", build)
    _, state = train(recipe)
    assert state.ended_by == "epochs"
