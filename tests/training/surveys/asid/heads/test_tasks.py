"""From a recipe to an artefact that export takes, on peaks that are made up."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from amphitrite.surveys.asid.learned import Calibration
from amphitrite.surveys.asid.page import (
    CLASSIFIER,
    FLUX,
    HEADS_MODEL,
    LOCATION,
    per_source,
)
from amphitrite_training.fitting.task import Data
from amphitrite_training.surveys import find
from amphitrite_training.surveys.asid.heads import data
from amphitrite_training.surveys.asid.heads.data import Batches
from amphitrite_training.surveys.asid.tasks import TASKS

HEADS = {
    "flux": (FLUX, "flux", {"width": 0.25, "members": 2}),
    "classifier": (CLASSIFIER, "fake", {"width": 0.25}),
    "location": (LOCATION, "offset", {"width": 0.125, "members": 2}),
}


@pytest.mark.parametrize("name", HEADS)
def test_the_tasks_are_known_by_their_names(name):
    assert find("asid", name) is TASKS[name]
    assert TASKS[name].spec == per_source(HEADS[name][0])


def sets(recipe, what, *, make):
    training, validation = (
        Batches(
            data.chosen(make(n, seed=seed), recipe, what),
            what,
            recipe.batch_size,
            recipe.seed,
            vary=vary,
        )
        for n, seed, vary in ((2_000, 1, True), (600, 2, False))
    )
    return Data(training, validation)


@pytest.fixture
def trained(made_up, tmp_path, monkeypatch):
    """Train a small head for a moment."""
    pytest.importorskip("keras", reason="needs the training extra")
    from amphitrite_training.fitting.train import train

    def call(name):
        _, what, changes = HEADS[name]
        # the skies of the systematic error would take a minute each
        skies = {v: made_up(300, seed=3) for v in "ABC"}
        monkeypatch.setattr(data, "same_sources", lambda: skies)
        bands = {"11111": made_up(300, seed=4), "01000": made_up(300, seed=6)}
        monkeypatch.setattr(data, "by_bands", lambda recipe: bands)
        recipe = replace(TASKS[name].recipe, epochs=6, warmup_steps=5, **changes)
        task = replace(
            TASKS[name],
            data=partial(sets, what=what, make=made_up),
            samples=lambda recipe: data.inputs(made_up(9, seed=5), what),
        )
        (tmp_path / name).mkdir()
        return train(task, recipe, folder=tmp_path / name)

    return call


@pytest.mark.long
@pytest.mark.training
@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
@pytest.mark.parametrize("name", HEADS)
def test_a_head_learns_and_its_artefact_is_what_the_contract_says(name, trained):
    made = trained(name)
    losses = [each["val_loss"] for each in made.metrics["history"]]
    assert losses[-1] < losses[0]
    names = {tensor.name for tensor in made.spec.outputs}
    assert set(made.model.output) == names  # what the loss alone needs is gone
    answer = made.model.predict_on_batch(dict(made.samples))
    assert all(np.isfinite(array).all() for array in answer.values())
    for tensor in made.spec.inputs:
        assert made.samples[tensor.name].shape == (9, *tensor.shape)
        assert made.samples[tensor.name].dtype == tensor.dtype


@pytest.mark.long
@pytest.mark.training
@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
def test_the_client_reads_what_the_heads_have_learned(trained):
    learned = {}
    for name in HEADS:
        for key, value in trained(name).spec.learned.items():
            if key not in ("recipe", "training"):
                # an ensemble joins them
                assert learned.get(key, value) == value
                learned[key] = value
    found = Calibration.of(replace(HEADS_MODEL, learned=learned))
    assert set(found.fake_thresholds) == {"11111", "01000"}
    assert (found.exposure > 1e11).all()
    # the same peaks in front of three variants of the diffuse emission
    fluxes = np.array([-9.5, -8.5])
    assert (found.systematic_dex(fluxes, np.array([90.0, -30.0])) == 0).all()
