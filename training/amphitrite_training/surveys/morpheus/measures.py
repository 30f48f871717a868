"""Measurements of Morpheus on simulated fields."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from astropy.table import Table
from numpy.typing import NDArray

from amphitrite.surveys.morpheus.options import Options
from amphitrite.surveys.morpheus.page import MORPHOLOGIES
from amphitrite.triton.spec import ModelSpec
from amphitrite_training.evaluation.matching import Share, confusion, shares_by_bin

FIRST_SEED = 9000
"""Fields of lower seeds were inspected while the simulator was being adjusted."""

SIDE = 240
STRIDE = Options().stride
MATCH_PIXELS = 5.0
MAGNITUDES = (20.0, 22.0, 23.0, 24.0, 25.0, 26.0, 26.5)
CLASS_LIMIT = 24.0


@dataclass(frozen=True)
class Evaluation:
    """Measurements of a served model on simulated fields.

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
        """Return the numbers as JSON types.

        Returns
        -------
        dict
            ``model``, ``version``, ``digest`` of the served model; ``simulated``, which
            is true; ``seeds`` of the fields.
            ``completeness``, in bins of ``mag_h``: ``found`` sources of those simulated
            (``of``).  ``purity``: ``true`` rows of all rows of the catalogues (``of``).
            ``classes``, see `Evaluation`, of the morphologies ``labels``.
        """
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
            "labels": list(MORPHOLOGIES),
            "classes": self.classes.tolist(),
        }


def score(truth: Table, *, n_found: int) -> dict[str, Any]:
    """Return completeness, purity and classes.

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
            MORPHOLOGIES,
        ),
    }
