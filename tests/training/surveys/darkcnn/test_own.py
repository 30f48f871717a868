"""A training on own maps is refused, or described, before it begins."""

from __future__ import annotations

import json
from dataclasses import asdict, fields, replace
from pathlib import Path

import numpy as np
import pytest

from amphitrite.errors import BadInput
from amphitrite.surveys.darkcnn.page import MAPS, MODEL
from amphitrite_training.fitting.task import OwnData
from amphitrite_training.surveys.darkcnn.own import STEPS, own
from amphitrite_training.surveys.darkcnn.recipe import Recipe
from amphitrite_training.surveys.darkcnn.simulate.files import write_archive
from amphitrite_training.surveys.darkcnn.simulate.maps import Truth

REPOSITORY = Path(__file__).parents[4] / "model_repository"
OUTPUTS = [each.name for each in MODEL.outputs]


@pytest.fixture(scope="module")
def archive(some, tmp_path_factory):
    """Write clusters into an archive: those of `some` in the place of many."""
    folder = tmp_path_factory.mktemp("own")

    def written(n_groups, name="maps.npz", **others):
        truths, maps = [], []
        for number in range(n_groups):
            for place in range(4 * (number % 4), 4 * (number % 4) + 3):
                truth = {
                    f.name: some.truth[f.name][place].item() for f in fields(Truth)
                }
                truths.append(replace(Truth(**truth), number=number))
                maps.append(some[place])
        path = folder / name
        write_archive(path, truths, maps, **others)
        return path

    return written


def asked(*paths, **options):
    return OwnData(paths, "sigma", "id", **options)


def test_the_task_has_the_contract_of_the_survey(archive):
    task = own(asked(archive(24)))
    assert replace(task.spec, learned={}) == MODEL
    facts = task.spec.learned["own"]
    assert facts["maps_by_cross_section"] == [[0, 24], [0.1, 24], [1, 24]]
    assert sum(n for n, _ in facts["sets"].values()) == 24
    assert sum(n for _, n in facts["sets"].values()) == 72
    assert facts["weights"] == "random"
    json.dumps(facts)
    assert task.recipe.noisy_share == 0
    assert task.recipe.n_ids == facts["sets"]["training"][0]
    data = task.data(task.recipe)
    assert len(data.training) >= STEPS
    inputs, _ = data.training.batch(0, 0)
    assert inputs[MAPS].shape == (task.recipe.batch_size, 100, 100, 3)
    assert np.isfinite(inputs[MAPS]).all()
    assert len(data.validation) == 1
    samples = task.samples(task.recipe)
    assert {key: values.shape for key, values in samples.items()} == {
        each.name: (16, *each.shape) for each in MODEL.inputs
    }


def test_ids_that_files_share_are_in_one_set(archive):
    task = own(asked(archive(24, "train.npz"), archive(24, "test.npz")))
    facts = task.spec.learned["own"]
    assert sum(n for n, _ in facts["sets"].values()) == 24
    assert "24 of 24 groups have maps in several files" in facts["choices"][0]
    data = task.data(task.recipe)
    shared = set(data.training.clusters.groups) & set(data.validation.clusters.groups)
    assert not shared


def test_ten_clusters_are_too_few(archive):
    with pytest.raises(BadInput, match=r"10 groups .* 20 are needed"):
        own(asked(archive(10)))


def test_sizes_cannot_be_set(archive):
    task = own(asked(archive(24)))
    with pytest.raises(BadInput, match="n_ids cannot be set with --maps"):
        task.data(replace(task.recipe, n_ids=7))


def test_weights_must_be_those_of_such_a_network(archive, tmp_path):
    path = archive(24)
    with pytest.raises(BadInput, match="is no folder of a trained network"):
        own(asked(path, weights=tmp_path))
    (tmp_path / "recipe.json").write_text(json.dumps(asdict(Recipe())))
    (tmp_path / "spec.json").write_text('{"name": "emri"}')
    with pytest.raises(BadInput, match="holds no network of darkcnn"):
        own(asked(path, weights=tmp_path))


@pytest.mark.training
@pytest.mark.export
def test_the_shipped_weights_are_those_that_are_served(archive):
    onnxruntime = pytest.importorskip("onnxruntime", reason="needs the export extra")
    task = own(asked(archive(24), weights=Path("shipped")))
    network = task.build(task.recipe)
    served = onnxruntime.InferenceSession(REPOSITORY / MODEL.name / "1" / "model.onnx")
    inputs = task.samples(task.recipe)
    expected = dict(zip(OUTPUTS, served.run(OUTPUTS, dict(inputs)), strict=True))
    found = network.predict_on_batch([inputs[each.name] for each in MODEL.inputs])
    for name, values in expected.items():
        # sums in single precision, in another order
        np.testing.assert_allclose(found[name], values, atol=1e-4, err_msg=name)
