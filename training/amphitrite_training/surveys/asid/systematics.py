"""How far the model of the diffuse light moves a catalogue.

The same sources lie in front of every variant of the diffuse light, one of which no
network has seen; what differs between the catalogues is the diffuse light's doing, and
the photons' chance.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from itertools import pairwise, product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from amphitrite.surveys.asid.learned import PLANE_DEGREES
from amphitrite_training.evaluation.statistics import interval
from amphitrite_training.surveys.asid.heads.measures import COARSE_FLUX_EDGES
from amphitrite_training.surveys.asid.sky_results import SkyResult, off_plane
from amphitrite_training.surveys.asid.tables import Table, tables

Floats = NDArray[np.floating]


def shifts(
    results: Mapping[str, SkyResult], threshold: float, *, radius_degrees: float
) -> dict[str, Any]:
    """Compare the catalogues of the same sources under several variants.

    Parameters
    ----------
    results : mapping of str to SkyResult
        By variant; the first one is what the others are compared with.
    threshold : float
        What P(fake) of a source does not exceed.
    radius_degrees : float
        The suppression radius.

    Returns
    -------
    dict
        ``against``, the first variant; ``variants``: by variant ``parts`` of the sky
        with ``purity`` and ``completeness`` (hits, of, low, high), and ``bins``, by the
        ``part`` of the sky and true flux, ``flux_edges``, with the number ``n`` of
        sources that this catalogue and that of the first variant have, ``flux``, the
        median of log10 of this flux over that, and ``position``, the median of how much
        farther off the position is, deg; each ``value low high`` with a 95 % interval.
    """
    first, *_ = results.values()
    told = {}
    for variant, result in results.items():
        catalogue = result.catalogue(threshold)
        counted = tables([catalogue], radius_degrees=radius_degrees)
        told[variant] = {
            "parts": {part: _whole(table) for part, table in counted.items()},
            "bins": compared(result, first, threshold),
        }
    return {"against": next(iter(results)), "variants": told}


def _whole(table: Table) -> dict[str, Any]:
    """Return the purity and the completeness of all bins."""
    numbers = table.as_dict()
    return {name: numbers[name] for name in ("purity", "completeness")}


def compared(
    one: SkyResult, other: SkyResult, threshold: float
) -> list[dict[str, Any]]:
    """Return how the sources that two catalogues share differ, in bins of true flux.

    Parameters
    ----------
    one, other : SkyResult
        Of the same sources.
    threshold, returned
        See `shifts`.
    """
    found, reference = (_by_source(result, threshold) for result in (one, other))
    both = np.isfinite(found["error"]) & np.isfinite(reference["error"])
    near_plane = off_plane(one.truth) < PLANE_DEGREES
    parts = {
        f"|b| < {PLANE_DEGREES:g}": near_plane,
        f"|b| > {PLANE_DEGREES:g}": ~near_plane,
    }
    rows = []
    for (part, chosen), (low, high) in product(
        parts.items(), pairwise(COARSE_FLUX_EDGES)
    ):
        in_bin = (one.flux >= low) & (one.flux < high)
        here = np.flatnonzero(both & chosen & in_bin)
        ratio, farther = (
            found[name][here] - reference[name][here]
            for name in ("log10_flux", "error")
        )
        block = found["block"][here]
        rows.append(
            {
                "part": part,
                "flux_edges": [low, high],
                "n": len(here),
                "flux": interval(partial(_median, ratio), block),
                "position": interval(partial(_median, farther), block),
            }
        )
    return rows


def _median(values: Floats, chosen: NDArray[np.intp]) -> float:
    return float(np.median(values[chosen]))


def _by_source(result: SkyResult, threshold: float) -> dict[str, Floats]:
    """Return what a catalogue says of every true source; NaN where it is not there."""
    source, known = result.source, result.known(0)
    kept = (source >= 0) & (known.p_fake <= threshold)
    values = {}
    for name in ("log10_flux", "error", "block"):
        values[name] = np.full(len(result.flux), np.nan)
        values[name][source[kept]] = getattr(known, name)[kept]
    return values
