"""Measure the served eclipsing-binary classifier on simulated stars it never saw.

The stars are of seeds that training never uses.  They are written as files and go
through the client and the served model as a user's do.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any, Final

import numpy as np
from astropy.table import QTable, Table, vstack
from numpy.typing import NDArray

from amphitrite.engine import workers
from amphitrite.engine.control import Control, Limits
from amphitrite.surveys.calnet.learned import Learned
from amphitrite.surveys.calnet.options import Options
from amphitrite.surveys.calnet.page import MODEL
from amphitrite.surveys.calnet.run import run
from amphitrite.triton.served import Server
from amphitrite_training.surveys import Progress
from amphitrite_training.surveys.calnet.data import TEST_STARS
from amphitrite_training.surveys.calnet.judged import JudgedStars
from amphitrite_training.surveys.calnet.measures import Evaluation
from amphitrite_training.surveys.calnet.simulate.files import (
    FIRST_TIC,
    truth,
    write_star,
)
from amphitrite_training.surveys.calnet.simulate.stars import draw_star

STARS_PER_FIELD: Final = 400
# Odd seeds give no binaries.  Of the even ones every fourth is used, since false
# positives are scarce, and the periods of binaries take most of the time.
_STEP: Final = 8


def evaluate(
    connection: Server, *, progress: Progress, n_fields: int = 25
) -> Evaluation:
    """Search simulated stars with the served model and compare with their truth.

    Parameters
    ----------
    connection : Server
        A server with the model.
    progress : Progress
        Shows how many stars are done.
    n_fields : int, optional
        Sets of ``STARS_PER_FIELD`` stars, a fifth of them eclipsing binaries; two sets
        at a time take 700 MB of temporary files.

    Returns
    -------
    Evaluation
        The simulated stars with their scores and periods.

    Raises
    ------
    ServerError
        The server does not answer, or has another model.
    """
    model = connection.model(MODEL)
    threshold = Learned.of(model.spec).threshold
    parts = []
    total = n_fields * STARS_PER_FIELD
    with progress("evaluating", total) as advance, _written(n_fields) as fields:
        for folder, known in fields:
            catalogue = _searched(folder, connection)
            parts.append(scored(known, catalogue, threshold))
            advance(len(known))
    return Evaluation(
        spec=model.spec,
        version=model.version,
        first_seed=TEST_STARS,
        threshold=threshold,
        stars=JudgedStars.joined(parts),
    )


def seeds(field: int) -> list[int]:
    """Return the seeds of a set of stars: one binary to four others."""
    span = STARS_PER_FIELD * _STEP // (_STEP // 2 + 1)
    first = TEST_STARS + field * span
    return [
        seed for seed in range(first, first + span) if seed % 2 or seed % _STEP == 0
    ]


@contextmanager
def _written(n_fields: int) -> Iterator[Iterator[tuple[Path, QTable]]]:
    """Yield the folder and the truth of each set, while the next set is being made."""
    with tempfile.TemporaryDirectory() as scratch, workers.pool(1) as pool:

        def fields() -> Iterator[tuple[Path, QTable]]:
            folders = [Path(scratch, str(field)) for field in range(n_fields)]
            asked = pool.submit(write, seeds(0), folders[0])
            for field, folder in enumerate(folders):
                known = asked.result()
                if field + 1 < n_fields:
                    asked = pool.submit(write, seeds(field + 1), folders[field + 1])
                yield folder, known
                shutil.rmtree(folder)

        yield fields()


def write(chosen: Sequence[int], folder: Path) -> QTable:
    """Simulate stars, and write each as a file.

    Parameters
    ----------
    chosen : sequence of int
        Their seeds.
    folder : Path
        A new folder for the files.

    Returns
    -------
    QTable
        The truth; see `amphitrite_training.surveys.calnet.simulate.files.TRUTH`.
    """
    folder.mkdir()
    known = []
    for seed in chosen:
        star = draw_star(seed)
        write_star(star, folder)
        known.append(truth([star]))
    return vstack(known)


def _searched(folder: Path, connection: Server) -> Table:
    """Return the client's catalogue of the files in a folder."""
    control = Control(limits=Limits(in_flight=16, workers=os.cpu_count() or 1))
    return run(
        [folder / "*.fits"],
        nullcontext(connection),
        folder / "catalogue.ecsv",
        Options(),
        control,
    ).table


def scored(known: QTable, catalogue: Table, threshold: float) -> JudgedStars:
    """Return simulated stars with their scores and periods in a catalogue.

    Parameters
    ----------
    known : QTable
        The truth.
    catalogue : Table
        With the columns ``tic``, ``p_eb`` and ``period``; stars may be missing.
    threshold : float
        The catalogue's period of a star that scores less is not an orbital one, and is
        left out.

    Returns
    -------
    JudgedStars
        In the order of ``known``.
    """
    row_of = {int(number): row for row, number in enumerate(catalogue["tic"])}
    rows = np.array([row_of.get(int(number), -1) for number in known["tic"]])
    p_eb, period = (
        np.append(_values(catalogue[name]), np.nan) for name in ("p_eb", "period")
    )  # row -1 is the NaN at the end
    return JudgedStars(
        seed=_values(known["tic"]) - FIRST_TIC,
        kind=np.array(known["kind"], dtype="U16"),
        tmag=_values(known["tmag"]),
        period=_values(known["period"]),
        depth=_values(known["depth"]),
        p_eb=p_eb[rows],
        found_period=np.where(p_eb[rows] >= threshold, period[rows], np.nan),
    )


def _values(column: Any) -> NDArray[Any]:
    """Return a column without its unit."""
    return np.asarray(getattr(column, "value", column))
