"""Purity and completeness of a catalogue, counted in bins of flux."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from amphitrite.surveys.asid.interpret.peaks import suppress
from amphitrite_training.evaluation.matching import Share
from amphitrite_training.evaluation.statistics import with_wilson
from amphitrite_training.surveys.asid.calibrate import HIGH_LATITUDE, PAPER_FLUX_EDGES
from amphitrite_training.surveys.asid.sky_results import (
    SkyResult,
    off_plane,
    pair,
    sky_blocks,
)

Floats = NDArray[np.floating]

_RESAMPLES: Final = 1_000


@dataclass(frozen=True)
class Counted:
    """A share that was counted, with its interval.

    Parameters
    ----------
    n_hits, n : int
        The counts.
    low, high : float
        95 % interval: the sky is resampled in blocks of about 15 x 15 deg, so that
        neighbours stay together; see `count`.
    """

    n_hits: int
    n: int
    low: float
    high: float

    @property
    def value(self) -> float:
        """The share; NaN where ``n`` is 0."""
        return self.n_hits / self.n if self.n else float("nan")


@dataclass(frozen=True)
class Table:
    """Purity and completeness per bin of flux, in one part of the sky.

    Parameters
    ----------
    completeness, purity : tuple of Counted
        Per bin of `PAPER_FLUX_EDGES`: of the true sources, those found; of the
        detections with that aperture flux, those that are true.
    ceiling : tuple of float
        Per bin: the completeness of a detector that knows every source, but reports
        two within the suppression radius as one; NaN where there is no source.
    whole : tuple of Counted
        Purity of all detections, completeness above the lowest edge.
    faint : Counted
        Purity of the detections whose aperture flux is below the lowest edge.
    """

    completeness: tuple[Counted, ...]
    purity: tuple[Counted, ...]
    ceiling: tuple[float, ...]
    whole: tuple[Counted, Counted]
    faint: Counted

    def as_dict(self) -> dict[str, Any]:
        """Return the numbers as JSON types."""

        def numbers(c: Counted) -> dict[str, Any]:
            return {"hits": c.n_hits, "of": c.n, "low": c.low, "high": c.high}

        return {
            "bins": [
                {
                    "flux": list(edges),
                    "completeness": numbers(complete),
                    "ceiling": ceiling if complete.n else None,
                    "purity": numbers(pure),
                }
                for edges, complete, ceiling, pure in zip(
                    pairwise(PAPER_FLUX_EDGES),
                    self.completeness,
                    self.ceiling,
                    self.purity,
                    strict=True,
                )
            ],
            "purity": numbers(self.whole[0]),
            "completeness": numbers(self.whole[1]),
            "fainter": numbers(self.faint),
        }


def tables(results: Sequence[SkyResult], *, radius_degrees: float) -> dict[str, Table]:
    """Return purity and completeness of some skies together, by part of the sky.

    Parameters
    ----------
    results : sequence of SkyResult
        One per sky.
    radius_degrees : float
        The suppression radius for the ceiling, deg.

    Returns
    -------
    dict of str to Table
        ``"|b| > 20"`` and ``"all sky"``.
    """
    parts = {"|b| > 20": HIGH_LATITUDE, "all sky": -1.0}
    return {
        name: _table(results, limit, radius_degrees=radius_degrees)
        for name, limit in parts.items()
    }


def _table(
    results: Sequence[SkyResult], limit: float, *, radius_degrees: float
) -> Table:
    """Count sources and detections at latitudes above a limit."""
    truth, found = [], []
    for number, sky in enumerate(results):
        partners = pair(sky.truth, sky.flux, sky.found)
        alone = np.zeros(len(sky.truth), bool)
        alone[suppress(sky.truth, sky.flux, radius_degrees=radius_degrees)] = True
        here = off_plane(sky.truth) > limit
        truth.append(
            np.c_[sky.flux, partners >= 0, alone, sky_blocks(sky.truth, number)][here]
        )
        real = np.isin(np.arange(len(sky.found)), partners)
        here = off_plane(sky.found) > limit
        blocks = sky_blocks(sky.found, number)
        found.append(np.c_[sky.aperture_flux, real, blocks][here])
    sources, detections = np.concatenate(truth), np.concatenate(found)
    bins = list(pairwise(PAPER_FLUX_EDGES))
    in_bin = [(sources[:, 0] >= low) & (sources[:, 0] < high) for low, high in bins]
    seen_in = [
        (detections[:, 0] >= low) & (detections[:, 0] < high) for low, high in bins
    ]
    faint = detections[:, 0] < PAPER_FLUX_EDGES[0]
    return Table(
        completeness=tuple(count(sources[m, 1], sources[m, 3]) for m in in_bin),
        purity=tuple(count(detections[m, 1], detections[m, 2]) for m in seen_in),
        ceiling=tuple(
            float(sources[m, 2].mean()) if m.any() else float("nan") for m in in_bin
        ),
        whole=(
            count(detections[:, 1], detections[:, 2]),
            count(sources[:, 1], sources[:, 3]),
        ),
        faint=count(detections[faint, 1], detections[faint, 2]),
    )


def count(hits: Floats, blocks: Floats) -> Counted:
    """Return the share of hits, with an interval that allows for correlated neighbours.

    Parameters
    ----------
    hits : (n,) ndarray
        1 for a hit, 0 for none.
    blocks : (n,) ndarray
        A number for each block of the sky.

    Returns
    -------
    Counted
        With the hull of the interval by resampling blocks and Wilson's (see
        `amphitrite_training.evaluation.statistics.with_wilson`); (0, 1) where
        nothing is counted.
    """
    if not len(hits):
        return Counted(0, 0, 0.0, 1.0)
    _, index = np.unique(blocks, return_inverse=True)
    n = np.bincount(index)
    n_hits = np.bincount(index, weights=hits)
    rng = np.random.default_rng(0)
    drawn = rng.multinomial(len(n), np.full(len(n), 1 / len(n)), size=_RESAMPLES)
    totals = drawn @ n
    shares = (drawn @ n_hits)[totals > 0] / totals[totals > 0]
    resampled = np.quantile(shares, [0.025, 0.975])
    counted = Share(int(hits.sum()), len(hits))
    low, high = with_wilson((float(resampled[0]), float(resampled[1])), counted)
    return Counted(counted.n_hits, counted.n, low, high)
