from __future__ import annotations

import json

import numpy as np
import pytest

keras = pytest.importorskip("keras", reason="needs the training extra")

from amphitrite.errors import OutputError  # noqa: E402
from amphitrite.files.folders import MARKER  # noqa: E402
from amphitrite.triton.artefact import Artefact  # noqa: E402
from amphitrite.triton.spec import ModelSpec, TensorSpec  # noqa: E402
from amphitrite_training.fitting.artefact import as_json_types, counts, save  # noqa: E402
from amphitrite_training.surveys.morpheus.recipe import Recipe  # noqa: E402

pytestmark = [
    pytest.mark.training,
    # Keras copies TensorFlow's variables in a way that numpy 2 deprecates.
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),
]

SPEC = ModelSpec(
    name="line",
    inputs=(TensorSpec("x", "float32", (2,), ("feature",)),),
    outputs=(TensorSpec("y", "float32", (1,), ("value",)),),
)


def small() -> Artefact:
    x = keras.Input((2,), name="x")
    frozen = keras.layers.Dense(2, trainable=False)(x)
    model = keras.Model(x, {"y": keras.layers.Dense(1)(frozen)}, name="line")
    return Artefact(
        model=model,
        spec=SPEC,
        samples={"x": np.arange(6, dtype=np.float32).reshape(3, 2)},
        recipe={"epochs": 1},
        metrics=counts(model),
    )


def test_an_artefact_holds_its_five_files_and_the_marker(tmp_path):
    artefact = small()
    save(artefact, tmp_path / "new" / "line")
    folder = tmp_path / "new" / "line"
    assert sorted(path.name for path in folder.iterdir()) == [
        MARKER,
        "metrics.json",
        "model.keras",
        "recipe.json",
        "samples.npz",
        "spec.json",
    ]
    assert ModelSpec.from_json((folder / "spec.json").read_text()) == SPEC
    assert json.loads((folder / "recipe.json").read_text()) == {"epochs": 1}
    with np.load(folder / "samples.npz") as samples:
        np.testing.assert_array_equal(samples["x"], artefact.samples["x"])
    again = keras.saving.load_model(folder / "model.keras")
    x = artefact.samples["x"]
    np.testing.assert_array_equal(again(x)["y"], artefact.model(x)["y"])
    assert [path.name for path in folder.parent.iterdir()] == ["line"]


def test_frozen_weights_are_counted_apart():
    assert counts(small().model) == {"trainable_parameters": 3, "other_parameters": 6}


def test_an_existing_folder_is_not_overwritten(tmp_path):
    existing = tmp_path / "line"
    existing.mkdir()
    with pytest.raises(OutputError, match="exists already; give another --output"):
        save(small(), existing)


def test_an_unwritable_place_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot write"):
        save(small(), tmp_path / "file" / "artefact")


def test_a_recipe_reads_back_from_json_as_it_was_written():
    values = as_json_types(Recipe())
    assert values["down_filters"] == [8, 16, 32]
    assert json.loads(json.dumps(values)) == values
