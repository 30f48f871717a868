"""The learning rate of each step, and the end of a run without improvement."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

from amphitrite_training.fitting.recipe import Training

# Lowest learning rate of the schedule "plateau"; Panes et al. 2021, A&A 656, A62,
# arXiv:2103.11068.
LOWEST: Final = 1e-6


def learning_rate(
    recipe: Training, *, step: int, progress: float, losses: Sequence[float]
) -> float:
    """Return the learning rate of a step.

    Parameters
    ----------
    recipe : Training
        The schedule and its values.
    step : int
        Number of steps done before this one.
    progress : float
        Fraction of the run that is done, 0 to 1; more counts as 1.
    losses : sequence of float
        Validation losses of the epochs done so far.
    """
    rate = recipe.learning_rate
    if recipe.schedule == "cosine":
        rate *= 0.5 * (1 + math.cos(math.pi * min(progress, 1.0)))
    elif recipe.schedule == "plateau":
        falls = n_plateaus(losses, patience=recipe.plateau_patience)
        rate = max(rate * recipe.plateau_factor**falls, min(rate, LOWEST))
    if step < recipe.warmup_steps:
        rate *= (step + 1) / recipe.warmup_steps
    return rate


def n_plateaus(losses: Sequence[float], *, patience: int) -> int:
    """Return the number of plateaus, each of `patience` epochs without a better loss.

    A plateau ends, and the next one may begin, after `patience` epochs.
    """
    n, waited, best = 0, 0, math.inf
    for loss in losses:
        if loss < best:
            best, waited = loss, 0
        else:
            waited += 1
            if waited == patience:
                n, waited = n + 1, 0
    return n


def best_epoch(losses: Sequence[float]) -> int:
    """Return the index of the lowest loss, the first of equal ones."""
    return min(range(len(losses)), key=losses.__getitem__)


def is_stalled(losses: Sequence[float], *, patience: int) -> bool:
    """Return whether the last `patience` epochs had no better loss; False for 0."""
    return 0 < patience < len(losses) - best_epoch(losses) if losses else False
