"""A survey whose network learns y = x0 - 2 x1: all of the pipeline in a second."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np

from amphitrite.triton.spec import ModelSpec, TensorSpec
from amphitrite_training.fitting.recipe import Training
from amphitrite_training.fitting.task import Data, Task

SPEC = ModelSpec(
    name="line",
    inputs=(TensorSpec("x", "float32", (2,), ("feature",)),),
    outputs=(
        TensorSpec("twice", "float32", (1,), ("value",)),
        TensorSpec("y", "float32", (1,), ("value",)),
    ),
)


@dataclass(frozen=True, kw_only=True)
class Recipe(Training):
    width: int = 8
    dropout: float = 0.25
    n_batches: int = 5
    batch_seconds: float = 0.0  # how long the preparation of a batch takes
    batch_size: int = 16
    epochs: int = 3
    learning_rate: float = 0.01
    warmup_steps: int = 2
    seed: int = 5


@dataclass(frozen=True)
class Line:
    recipe: Recipe
    seed: int

    def __len__(self):
        return self.recipe.n_batches

    def batch(self, epoch, index):
        time.sleep(self.recipe.batch_seconds)
        rng = np.random.default_rng([self.seed, epoch, index])
        x = rng.normal(size=(self.recipe.batch_size, 2)).astype(np.float32)
        return {"x": x}, {"y": x[:, :1] - 2 * x[:, 1:]}


def data(recipe):
    return Data(Line(recipe, seed=0), Line(recipe, seed=1))


def build(recipe):
    import keras

    x = keras.Input((2,), name="x")
    hidden = keras.layers.Dense(recipe.width, activation="relu")(x)
    hidden = keras.layers.BatchNormalization()(hidden)
    hidden = keras.layers.Dropout(recipe.dropout)(hidden)
    y = keras.layers.Dense(1)(hidden)
    return keras.Model(x, {"twice": 2 * y, "y": y}, name="line")


def loss(recipe):
    from keras import ops

    return {"y": lambda true, found: ops.mean(ops.square(true - found), axis=-1)}


def learn(model, recipe, data):
    inputs, targets = data.validation.batch(0, 0)
    errors = np.asarray(model.predict_on_batch(inputs["x"])["y"]) - targets["y"]
    return {"scatter": float(errors.std())}, {"n_validation": len(errors)}


def samples(recipe):
    return data(recipe).validation.batch(0, 0)[0]


TASKS = {"line": Task(Recipe(), SPEC, build, loss, data, samples, learn)}
