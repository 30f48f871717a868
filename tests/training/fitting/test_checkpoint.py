from __future__ import annotations

import json
import signal

import numpy as np
import pytest
from interrupting import endings

keras = pytest.importorskip("keras", reason="needs the training extra")

from amphitrite.errors import BadInput, OutputError  # noqa: E402
from amphitrite_training.fitting.checkpoint import Checkpoints, State, is_checkpoint  # noqa: E402

pytestmark = [
    pytest.mark.training,
    # Keras copies TensorFlow's variables in a way that numpy 2 deprecates.
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),
]

RECIPE = {"epochs": 3, "filters": [8, 16]}


def compiled(*, units=2, seed=0):
    """Return a network with a random generator, and its optimiser, all stepped once."""
    keras.utils.set_random_seed(seed)
    x = keras.Input((3,), name="x")
    y = keras.layers.Dropout(0.5)(keras.layers.Dense(units)(x))
    model = keras.Model(x, y)
    # not traced, which would take longer than the step
    model.compile(optimizer="adam", loss="mse", jit_compile=False, run_eagerly=True)
    model.train_on_batch(np.ones((4, 3)), np.zeros((4, units)))
    return model


def everything(model):
    variables = [*model.variables, *model.optimizer.variables]
    return [keras.ops.convert_to_numpy(variable) for variable in variables]


def test_everything_comes_back(tmp_path):
    model, state = compiled(), State(epoch=1, step=7, history=({"val_loss": 2.0},))
    assert not is_checkpoint(tmp_path)
    Checkpoints(tmp_path, RECIPE).save(model, state)
    assert is_checkpoint(tmp_path)
    other = compiled(seed=1)
    assert Checkpoints(tmp_path, RECIPE).restore(other) == state
    for mine, yours in zip(everything(model), everything(other), strict=True):
        np.testing.assert_array_equal(mine, yours)
    assert any("seed" in variable.name for variable in other.variables)


def test_the_best_weights_outlive_later_ones(tmp_path):
    best, later = compiled(seed=1), compiled(seed=2)
    checkpoints = Checkpoints(tmp_path, RECIPE)
    checkpoints.save(best, State(step=5), is_best=True)
    checkpoints.save(later, State(step=10))
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "best-5.npz",
        "state.json",
        "weights-10.npz",
    ]
    again = Checkpoints(tmp_path, RECIPE)
    model = compiled(seed=3)
    again.restore(model)
    for mine, yours in zip(model.get_weights(), later.get_weights(), strict=True):
        np.testing.assert_array_equal(mine, yours)
    again.restore_best(model)
    for mine, yours in zip(model.get_weights(), best.get_weights(), strict=True):
        np.testing.assert_array_equal(mine, yours)


def test_the_state_is_for_people_too(tmp_path):
    Checkpoints(tmp_path, RECIPE).save(compiled(), State(epoch=2, step=7))
    known = json.loads((tmp_path / "state.json").read_text())
    assert known["recipe"] == RECIPE
    assert (known["epoch"], known["weights"]) == (2, "weights-7.npz")


def test_another_recipe_is_refused_by_the_name_of_its_field(tmp_path):
    Checkpoints(tmp_path, RECIPE).save(compiled(), State())
    other = Checkpoints(tmp_path, {**RECIPE, "epochs": 5})
    with pytest.raises(BadInput, match="has epochs=3, this one epochs=5; resume it wi"):
        other.restore(compiled())


def test_another_network_is_refused(tmp_path):
    Checkpoints(tmp_path, RECIPE).save(compiled(), State())
    with pytest.raises(
        BadInput, match=r"cannot be used: .*; start anew with --overwri"
    ):
        Checkpoints(tmp_path, RECIPE).restore(compiled(units=5))


@pytest.mark.parametrize("name", ["state.json", "weights-0.npz"])
@pytest.mark.parametrize("text", [None, "", "{}", "PK\x03\x04"])
def test_a_damaged_checkpoint_is_refused(tmp_path, name, text):
    Checkpoints(tmp_path, RECIPE).save(compiled(), State())
    if text is None:
        (tmp_path / name).rename(tmp_path / "elsewhere")
    else:
        (tmp_path / name).write_text(text)
    with pytest.raises(
        BadInput, match=r"cannot be used: .*; start anew with --overwri"
    ):
        Checkpoints(tmp_path, RECIPE).restore(compiled())


def test_a_folder_that_is_gone_is_named(tmp_path):
    with pytest.raises(OutputError, match=r"cannot write .*gone"):
        Checkpoints(tmp_path / "gone", RECIPE).save(compiled(), State())


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_an_end_at_any_step_leaves_one_checkpoint_or_the_next(tmp_path, number):
    """The arrays stand in for a network, which would not outlive a fork."""
    numbers = iter(range(1000))

    def save(folder, step):
        checkpoints = Checkpoints(folder, RECIPE)
        with pytest.MonkeyPatch.context() as patch:
            arrays = {"model-0": np.full(3, step)}
            patch.setattr(
                "amphitrite_training.fitting.checkpoint._model", lambda _: arrays
            )
            patch.setattr(
                "amphitrite_training.fitting.checkpoint._optimizer", lambda _: {}
            )
            checkpoints.save(None, State(step=step), is_best=True)

    def prepare():
        folder = tmp_path / str(next(numbers))
        folder.mkdir()
        save(folder, 5)
        (folder / "weights-mine.npz").write_text("precious")
        return folder

    seen = set()
    for folder in endings(prepare, lambda folder: save(folder, 10), number=number):
        known = json.loads((folder / "state.json").read_text())
        seen.add(known["step"])
        for name in (known["weights"], known["best"]):
            with np.load(folder / name) as arrays:
                assert set(arrays["model-0"]) == {known["step"]}
        save(folder, 15)
        assert (folder / "weights-mine.npz").read_text() == "precious"
        assert sorted(path.name for path in folder.iterdir()) == [
            *("best-15.npz", "state.json", "weights-15.npz", "weights-mine.npz")
        ]
    assert seen == {5, 10}
