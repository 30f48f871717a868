"""How the network of stamps is trained."""

from __future__ import annotations

from dataclasses import dataclass

from amphitrite_training.fitting.recipe import Training


@dataclass(frozen=True, kw_only=True)
class Recipe(Training):
    """How the network is trained; see `amphitrite_training.fitting.recipe.Training`."""

    n_batches: int = 50
    batch_size: int = 32
    epochs: int = 4
    learning_rate: float = 0.05
    warmup_steps: int = 5
