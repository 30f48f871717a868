"""Measure the served model on simulated stars."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

import numpy as np
from amphitrite.surveys.stamps.page import MODEL
from amphitrite_training.surveys.stamps.measures import Evaluation
from amphitrite_training.surveys.stamps.simulate import draw

from amphitrite.triton.served import Server

Progress = Callable[[str, int], AbstractContextManager[Callable[[int], None]]]


def evaluate(
    connection: Server, *, progress: Progress, n_fields: int = 20
) -> Evaluation:
    """Return the scatter of the flux of as many simulated stars."""
    model = connection.model(MODEL)
    with progress("evaluating", n_fields) as advance:
        pixels, flux = draw(np.random.default_rng(3), n_fields)
        found = model.submit({"pixels": pixels}).result()["flux"]
        advance(n_fields)
    return Evaluation(model.version, n_fields, float(np.std(found / flux)))
