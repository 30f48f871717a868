"""Measure the served Morpheus model on simulated fields whose truth is known.

The model is driven through the client, as a user drives it: FITS files in, catalogue
out.  The fields are simulated, so the numbers tell how the weights, which were trained
on real images, transfer to this simulation; they are no measure of the published
performance on CANDELS images.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from astropy.table import Table, vstack
from numpy.typing import NDArray

from amphitrite.engine import Control
from amphitrite.spec import ModelSpec
from amphitrite.surveys import morpheus as page
from amphitrite.triton import Connection
from amphitrite_training.morpheus.simulate import render_field, write_field
from amphitrite_training.scores import (
    UNMATCHED,
    Share,
    confusion,
    match,
    shares_by_bin,
)

FIRST_SEED = 1000
SIDE = 240
STRIDE = 5
MATCH_PIXELS = 5.0
MAGNITUDES = (18.0, 20.0, 22.0, 23.0, 24.0, 25.0, 26.0, 27.0)
CLASS_LIMIT = 24.0

Progress = Callable[[str, int], AbstractContextManager[Callable[[int], None]]]


@dataclass(frozen=True)
class Evaluation:
    """What was measured, and on which model.

    Parameters
    ----------
    spec : ModelSpec
        The served model's spec.
    version : int
        Its version.
    seeds : tuple of int
        The seeds of the fields.
    completeness : tuple of Share
        Per bin of ``MAGNITUDES``: simulated sources that the catalogue has.
    purity : Share
        Catalogue rows that belong to a simulated source.
    classes : ndarray of int64, shape (n_labels, n_labels)
        Simulated (rows) against found (columns) morphology of the sources that were
        found and are brighter than ``CLASS_LIMIT``.
    """

    spec: ModelSpec
    version: int
    seeds: tuple[int, ...]
    completeness: tuple[Share, ...]
    purity: Share
    classes: NDArray[np.int64]

    def as_dict(self) -> dict[str, Any]:
        """Return the numbers as JSON types."""
        return {
            "model": self.spec.name,
            "version": self.version,
            "digest": self.spec.digest,
            "simulated": True,
            "seeds": list(self.seeds),
            "completeness": [
                {"mag_h": list(edges), "found": share.n_hits, "of": share.n}
                for edges, share in zip(
                    pairwise(MAGNITUDES),
                    self.completeness,
                    strict=True,
                )
            ],
            "purity": {"true": self.purity.n_hits, "of": self.purity.n},
            "labels": list(page.MORPHOLOGIES),
            "classes": self.classes.tolist(),
        }


def evaluate(
    connection: Connection, *, n_fields: int, progress: Progress
) -> Evaluation:
    """Run the served model on simulated fields and compare with their truth.

    Parameters
    ----------
    connection : Connection
        A server with the model.
    n_fields : int
        Fields of 240 x 240 pixels, of the seeds 1000, 1001, ...
    progress : callable
        Gives a context that yields how to advance a bar by a number of fields.

    Returns
    -------
    Evaluation
        The counts.

    Raises
    ------
    ServerError
        The server does not answer, or has another model.
    """
    model = connection.model(page.MODEL)
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


def score(truth: Table, *, n_found: int) -> dict[str, Any]:
    """Count completeness, purity and classes.

    Parameters
    ----------
    truth : Table
        The simulated sources with ``mag_h``, ``morphology`` and ``found``: the class
        in the catalogue, or an empty text where the source is not in it.
    n_found : int
        Rows of the catalogues.

    Returns
    -------
    dict
        The fields ``completeness``, ``purity`` and ``classes`` of `Evaluation`.
    """
    hits = np.asarray(truth["found"]) != ""
    bright = hits & (np.asarray(truth["mag_h"]) < CLASS_LIMIT)
    return {
        "completeness": tuple(shares_by_bin(hits, truth["mag_h"], MAGNITUDES)),
        "purity": Share(int(hits.sum()), n_found),
        "classes": confusion(
            list(truth["morphology"][bright]),
            list(truth["found"][bright]),
            page.MORPHOLOGIES,
        ),
    }


def _field(seed: int, connection: Connection) -> tuple[Table, int]:
    """Return one field's truth with what was found, and the catalogue's length."""
    field = render_field(seed, shape=(SIDE, SIDE))
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        write_field(field, folder)
        found = page.run(
            [folder / f"{band.lower()}.fits" for band in page.BANDS],
            connection,
            folder / "result",
            page.Options(stride=STRIDE, report=False),
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
