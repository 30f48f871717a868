"""From a recipe to an artefact, on a few patches."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from amphitrite.surveys.asid.learned import Detector
from amphitrite.surveys.asid.page import COUNTS, UNET
from amphitrite_training.fitting.task import Data
from amphitrite_training.surveys import find
from amphitrite_training.surveys.asid.data import Batches, simulated
from amphitrite_training.surveys.asid.recipe import SHIPPED
from amphitrite_training.surveys.asid.tasks import TASKS

SMALL = replace(SHIPPED, width=0.125, n_skies=1, variants="A", epochs=5, warmup_steps=0)


def test_the_task_is_known_by_its_name():
    task = find("asid", "unet")
    assert task is TASKS["unet"]
    assert task.spec == UNET
    assert task.recipe == SHIPPED


def test_samples_are_counts_of_eight_patches():
    samples = TASKS["unet"].samples(SHIPPED)
    assert list(samples) == [tensor.name for tensor in COUNTS]
    for tensor in COUNTS:
        assert samples[tensor.name].shape == (8, *tensor.shape)
        assert samples[tensor.name].dtype == tensor.dtype
    totals = samples["counts_300_500"].sum((1, 2))
    assert totals.max() > 3 * totals.min()  # from pole to plane


@pytest.mark.long
@pytest.mark.training
@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
def test_a_network_is_trained_and_calibrated(tmp_path, monkeypatch):
    pytest.importorskip("keras", reason="needs the training extra")
    from amphitrite_training.fitting.train import train

    monkeypatch.setenv("AMPHITRITE_CACHE", str(tmp_path / "cache"))

    def few(recipe):
        """The skies of a recipe, thinned out: 16 patches to train on, 8 to validate."""
        return Data(
            Batches(simulated([1_000], recipe, every=48), recipe, vary=True),
            Batches(simulated([2_000], recipe, every=96), recipe, vary=False),
        )

    (tmp_path / "run").mkdir()
    task = replace(TASKS["unet"], data=few)
    made = train(task, SMALL, folder=tmp_path / "run")
    detector = Detector.of(made.spec)
    assert detector.sigma == SMALL.log_sigma_pixels
    assert len(detector.thresholds) == 31
    assert made.spec.learned["recipe"]["width"] == 0.125
    assert made.spec.learned["training"]["samples_seen"] == 80
    assert made.metrics["validation"]["high_latitude"]["purity"][1] >= 0
    losses = [each["loss"] for each in made.metrics["history"]]
    assert losses[-1] < losses[0]
    answer = made.model.predict_on_batch(dict(made.samples))
    assert np.isfinite(answer["mask"]).all()
