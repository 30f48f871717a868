"""From a recipe to an artefact, on a few stars."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from amphitrite.surveys.calnet.page import MODEL
from amphitrite_training.surveys import find
from amphitrite_training.surveys.calnet.recipe import SHIPPED
from amphitrite_training.surveys.calnet.tasks import TASKS

SMALL = replace(
    SHIPPED,
    width=0.125,
    n_stars=60,
    n_validation_stars=24,
    batch_size=16,
    epochs=6,
    warmup_steps=0,
    learning_rate=3e-3,
)


def test_the_survey_s_only_task_is_found():
    task = find("calnet")
    assert task is TASKS["calnet"]
    assert task.spec == MODEL
    assert task.recipe == SHIPPED


def test_samples_are_segments_of_a_dozen_stars(cache):
    samples = TASKS["calnet"].samples(SHIPPED)
    for tensor in MODEL.inputs:
        given = samples[tensor.name]
        assert given.shape[1:] == tensor.shape
        assert given.dtype == tensor.dtype
        assert len(given) >= 8
        assert given.min() == 0
        assert given.max() == 1


@pytest.mark.long
@pytest.mark.training
@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
def test_a_network_is_trained_and_calibrated(cache, tmp_path):
    pytest.importorskip("keras", reason="needs the training extra")
    from amphitrite_training.fitting.train import train

    made = train(TASKS["calnet"], SMALL, folder=tmp_path)
    learned = made.spec.learned
    assert learned["interpolation"] == "pchip"
    assert 0.5 <= learned["threshold"] < 1
    assert learned["recipe"]["optimiser"] == "amsgrad"
    assert made.metrics["validation"]["n_stars"] >= 20
    losses = [each["loss"] for each in made.metrics["history"]]
    assert losses[-1] < 0.9 * losses[0]
    answer = made.model.predict_on_batch(dict(made.samples))
    assert np.isfinite(answer["logit"]).all()
