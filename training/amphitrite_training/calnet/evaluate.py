"""Measure the served eclipsing-binary classifier on simulated stars it never saw.

The stars are of seeds that training never uses.  They are written as files and go
through the client and the served model as a user's do.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Final

import numpy as np
from astropy.table import Table

from amphitrite.engine import Control
from amphitrite.surveys import calnet as page
from amphitrite.triton import Connection
from amphitrite_training.calnet.data import TEST_STARS
from amphitrite_training.calnet.measures import Evaluation, Scored
from amphitrite_training.calnet.simulate.files import tic, write_star
from amphitrite_training.calnet.simulate.stars import Star, draw_star

Progress = Callable[[str, int], AbstractContextManager[Callable[[int], None]]]

STARS_PER_FIELD: Final = 250


def evaluate(
    connection: Connection, *, progress: Progress, n_fields: int = 12
) -> Evaluation:
    """Search simulated stars with the served model and compare with their truth.

    Parameters
    ----------
    connection : Connection
        A server with the model.
    progress : callable
        Gives a context that yields how to advance a bar by a number of fields.
    n_fields : int, optional
        Sets of ``STARS_PER_FIELD`` stars, half of them eclipsing binaries; they take
        250 MB of temporary files at a time.

    Returns
    -------
    Evaluation
        What was found.

    Raises
    ------
    ServerError
        The server does not answer, or has another model.
    """
    model = connection.model(page.MODEL)
    threshold = page.Learned.of(model.spec).threshold
    parts = []
    with progress("evaluating", n_fields) as advance:
        for field in range(n_fields):
            first = TEST_STARS + field * STARS_PER_FIELD
            stars = [draw_star(seed) for seed in range(first, first + STARS_PER_FIELD)]
            parts.append(scored(stars, _searched(stars, connection), threshold))
            advance(1)
    return Evaluation(
        spec=model.spec,
        version=model.version,
        first_seed=TEST_STARS,
        threshold=threshold,
        stars=Scored.joined(parts),
    )


def _searched(stars: Sequence[Star], connection: Connection) -> Table:
    """Return the client's catalogue of stars."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        files = [write_star(star, folder) for star in stars]
        return page.run(
            files,
            nullcontext(connection),
            folder / "catalogue.fits",
            page.Options(),
            Control(),
        ).table


def scored(stars: Sequence[Star], catalogue: Table, threshold: float) -> Scored:
    """Put what a catalogue says beside what was simulated.

    Parameters
    ----------
    stars : sequence of Star
        The truth.
    catalogue : Table
        With the columns ``tic``, ``p_eb`` and ``period``; stars may be missing.
    threshold : float
        Of stars that score less, the catalogue's period is no orbital one and is left
        out.

    Returns
    -------
    Scored
        In the order of ``stars``.
    """
    row_of = {int(number): row for row, number in enumerate(catalogue["tic"])}
    rows = np.array([row_of.get(tic(star), -1) for star in stars])
    p_eb, period = (
        np.append(
            np.asarray(getattr(catalogue[name], "value", catalogue[name])), np.nan
        )
        for name in ("p_eb", "period")
    )  # row -1 is the NaN at the end
    return Scored(
        kind=np.array([star.kind for star in stars], dtype="U16"),
        tmag=np.array([star.tmag for star in stars]),
        period=np.array([star.period for star in stars]),
        depth=np.array([star.depth for star in stars]),
        p_eb=p_eb[rows],
        found_period=np.where(p_eb[rows] >= threshold, period[rows], np.nan),
    )
