from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

keras = pytest.importorskip("keras", reason="needs the training extra")
pytest.importorskip("tensorflow", reason="needs the training extra")

from amphitrite.errors import BadInput  # noqa: E402
from amphitrite.surveys.morpheus.page import MODEL  # noqa: E402
from amphitrite_training.surveys.morpheus import pretrained  # noqa: E402
from amphitrite_training.surveys.morpheus.model import BODY, build_body  # noqa: E402
from amphitrite_training.surveys.morpheus.recipe import Recipe  # noqa: E402

pytestmark = [
    pytest.mark.training,
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),
]


@pytest.fixture
def original(beside_data: Callable[[str], Path]) -> dict[str, np.ndarray]:
    with np.load(beside_data("reference/morpheus_original_outputs.npz")) as archive:
        return dict(archive)


def test_the_body_answers_as_the_original_network(artefact, original):
    body = artefact.model.get_layer(BODY)
    logits = np.asarray(body(original["X"], training=False))
    probabilities = np.asarray(keras.ops.softmax(logits))
    np.testing.assert_allclose(probabilities, original["probs"], rtol=0, atol=1e-5)
    # The original's own float32 logits, of up to 62, are 1.2e-4 from double
    # precision: two honest float32 runs agree to 1e-5 of the largest only.
    limit = 1e-5 * np.abs(original["logits"]).max()
    np.testing.assert_allclose(logits, original["logits"], rtol=0, atol=limit)


def test_the_artefact_says_where_its_weights_come_from(artefact):
    assert artefact.spec == MODEL
    assert artefact.metrics["trainable_parameters"] == 75_421
    assert artefact.metrics["weights"]["package"] == "morpheus-astro==0.5.1"
    assert artefact.metrics["weights"]["licence"] == "MIT"
    assert artefact.recipe["epochs"] == 500


def test_the_checkpoint_holds_nothing_but_the_network(wheel):
    variables = pretrained.read_checkpoint(wheel)
    statistics = [
        n for n in variables if n.endswith(("moving_mean", "moving_variance"))
    ]
    trained = sum(v.size for n, v in variables.items() if n not in statistics)
    assert trained == 75_421


def test_another_recipe_is_refused():
    with pytest.raises(
        BadInput, match="fit only the published recipe; leave out --set"
    ):
        pretrained.pretrained(Recipe(dropout=0.1))


def test_another_file_is_refused(tmp_path):
    path = tmp_path / "morpheus_astro-0.5.1-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a", "b")
    with pytest.raises(BadInput, match=r"is not the published morpheus-astro==0\.5\.1"):
        pretrained.read_checkpoint(path)


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(BadInput, match="cannot read the wheel"):
        pretrained.read_checkpoint(tmp_path / "absent.whl")


def test_a_checkpoint_that_does_not_fit_is_refused():
    body = build_body(Recipe(down_filters=(8,), up_filters=(8,), down_convs=1))
    with pytest.raises(BadInput, match="the checkpoint has no variable downconv-0"):
        pretrained.assign(body, {})
    variables = {
        f"{layer.name.replace('.', '/')}/{weight.name}": np.asarray(weight)
        for layer in body.layers
        for weight in layer.weights
        if isinstance(layer, keras.layers.Conv2D | keras.layers.BatchNormalization)
    }
    pretrained.assign(body, variables)
    with pytest.raises(BadInput, match="the network has no place for other/kernel"):
        pretrained.assign(body, {**variables, "other/kernel": np.zeros(1)})


def test_a_failing_pip_is_quoted(tmp_path, monkeypatch):
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_NO_CACHE_DIR", "1")
    with pytest.raises(BadInput, match="pip could not fetch morpheus-astro") as caught:
        pretrained.fetch(tmp_path)
    assert "No matching distribution found" in str(caught.value)
