from __future__ import annotations

import pytest

from amphitrite_training.fitting.recipe import Training
from amphitrite_training.fitting.schedule import (
    LOWEST,
    best_epoch,
    is_stalled,
    learning_rate,
    n_plateaus,
)


def rate(recipe, *, step=100, progress=0.0, losses=()):
    return learning_rate(recipe, step=step, progress=progress, losses=losses)


def test_the_cosine_falls_from_the_whole_rate_to_nothing():
    recipe = Training(learning_rate=0.2)
    found = [rate(recipe, progress=p) for p in (0.0, 0.25, 0.5, 1.0, 1.5)]
    assert found == pytest.approx([0.2, 0.2 * 0.853553, 0.1, 0.0, 0.0], abs=1e-7)


def test_a_constant_rate_stays_after_the_warm_up():
    recipe = Training(learning_rate=0.2, schedule="constant", warmup_steps=4)
    found = [rate(recipe, step=s, progress=s / 9, losses=[1.0] * s) for s in range(9)]
    assert found == pytest.approx([0.05, 0.1, 0.15, *[0.2] * 6])


def test_the_warm_up_rises_linearly_and_then_leaves_the_rate_alone():
    recipe = Training(learning_rate=0.2, warmup_steps=4)
    found = [rate(recipe, step=step) for step in range(6)]
    assert found == pytest.approx([0.05, 0.1, 0.15, 0.2, 0.2, 0.2])


def test_a_plateau_lowers_the_rate_down_to_a_floor():
    recipe = Training(
        learning_rate=1e-3, schedule="plateau", plateau_factor=0.5, plateau_patience=2
    )
    flat = [1.0] * 3
    assert rate(recipe, losses=[]) == 1e-3
    assert rate(recipe, losses=flat) == 5e-4
    assert rate(recipe, losses=flat, progress=0.9) == 5e-4
    assert rate(recipe, losses=[1.0] * 100) == LOWEST
    low = Training(learning_rate=1e-8, schedule="plateau")
    assert rate(low, losses=[1.0] * 100) == 1e-8  # the floor raises nothing


@pytest.mark.parametrize(
    ("losses", "n"),
    [
        ([], 0),
        ([3.0, 2.0, 1.0], 0),
        ([1.0, 2.0, 0.9, 2.0, 0.8], 0),  # never two bad ones on end
        ([1.0, 1.0, 1.0], 1),
        ([1.0, 1.0, 1.0, 1.0], 1),  # the next plateau has only begun
        ([1.0, 1.0, 1.0, 1.0, 1.0], 2),
        ([1.0, 2.0, 3.0, 0.5, 2.0, 3.0], 2),
    ],
)
def test_plateaus_are_counted(losses, n):
    assert n_plateaus(losses, patience=2) == n


def test_the_best_epoch_is_the_first_of_equals():
    assert best_epoch([3.0, 1.0, 2.0, 1.0]) == 1


@pytest.mark.parametrize(
    ("losses", "stalled"),
    [
        ([], False),
        ([1.0], False),
        ([1.0, 2.0], False),
        ([1.0, 2.0, 2.0], True),
        ([1.0, 2.0, 0.5], False),
    ],
)
def test_a_run_is_stalled_after_its_patience(losses, stalled):
    assert is_stalled(losses, patience=2) == stalled
    assert not is_stalled(losses, patience=0)
