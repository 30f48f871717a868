"""Measure the served Morpheus model on simulated fields whose truth is known.

The model is driven through the client, as a user drives it: FITS files in, catalogue
out.  The fields are simulated, so the numbers show how the weights, which were trained
on real images, transfer to this simulation; they do not measure the published
performance on CANDELS images.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path

import numpy as np
from astropy.table import Table, vstack
from numpy.typing import NDArray

from amphitrite.engine.control import Control
from amphitrite.surveys.morpheus.options import Options
from amphitrite.surveys.morpheus.page import BANDS, MODEL
from amphitrite.surveys.morpheus.run import run
from amphitrite.triton.served import Server
from amphitrite_training.evaluation.matching import UNMATCHED, match
from amphitrite_training.surveys import Progress
from amphitrite_training.surveys.morpheus.measures import (
    FIRST_SEED,
    MATCH_PIXELS,
    SIDE,
    STRIDE,
    Evaluation,
    score,
)
from amphitrite_training.surveys.morpheus.simulate.field import render_field
from amphitrite_training.surveys.morpheus.simulate.files import write_field


def evaluate(
    connection: Server, *, progress: Progress, n_fields: int = 20
) -> Evaluation:
    """Run the served model on simulated fields and compare with their truth.

    Parameters
    ----------
    connection : Server
        A server with the model.
    progress : Progress
        Shows how many fields are done.
    n_fields : int, optional
        Fields of ``SIDE`` x ``SIDE`` pixels, of the seeds from ``FIRST_SEED`` on.

    Returns
    -------
    Evaluation
        Completeness, purity and classes.

    Raises
    ------
    ServerError
        The server does not answer, or has another model.
    """
    model = connection.model(MODEL)
    seeds = tuple(range(FIRST_SEED, FIRST_SEED + n_fields))
    matched = []
    with progress("evaluating", n_fields) as advance:
        for seed in seeds:
            matched.append(_field(seed, connection))
            advance(1)
    truth = vstack([truth for truth, _ in matched])
    return Evaluation(
        spec=model.spec,
        version=model.version,
        seeds=seeds,
        **score(truth, n_found=sum(n_found for _, n_found in matched)),
    )


def _field(seed: int, connection: Server) -> tuple[Table, int]:
    """Return a field's truth with the classes found, and the catalogue's length."""
    field = render_field(seed, shape=(SIDE, SIDE))
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        write_field(field, folder)
        found = run(
            [folder / f"{band.lower()}.fits" for band in BANDS],
            nullcontext(connection),
            folder / "result",
            Options(stride=STRIDE, report=False),
            Control(),
        ).table
    truth = Table(field.truth)
    partners = match(
        _positions(truth), _positions(found), order=truth["mag_h"], radius=MATCH_PIXELS
    )
    classes: Sequence[str] = [
        "" if i == UNMATCHED else str(found["morphology"][i]) for i in partners
    ]
    return Table(
        {
            "mag_h": np.asarray(truth["mag_h"], dtype=float),
            "morphology": np.asarray(truth["morphology"], dtype="U16"),
            "found": np.asarray(classes, dtype="U16"),
        }
    ), len(found)


def _positions(table: Table) -> NDArray[np.float64]:
    return np.column_stack(
        [np.asarray(getattr(table[axis], "value", table[axis])) for axis in "xy"]
    ).astype(float)
