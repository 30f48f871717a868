"""Shifts of a catalogue between models of the diffuse emission.

The same sources lie in front of every variant of the diffuse emission, one of which no
network has seen.  The catalogues then differ by the effect of the diffuse emission and
by the statistics of the photons.
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
    """Return the shifts between catalogues of the same sources under several variants.

    Parameters
    ----------
    results : mapping of str to SkyResult
        By variant; the others are compared with the first one.
    threshold : float
        The highest P(fake) of a source.
    radius_degrees : float
        The suppression radius, deg.

    Returns
    -------
    dict
        ``against``, the first variant; ``variants``: by variant ``parts`` of the sky
        with ``purity`` and ``completeness`` (hits, of, low, high), and ``bins``, by the
        ``part`` of the sky and true flux, ``flux_edges``, with the number ``n`` of
        sources in both this catalogue and that of the first variant, ``flux``, the
        median of log10 of the ratio of their fluxes, and ``position``, the median
        increase of the position error, deg; each ``value low high`` with a 95 %
        interval.
    """
    first, *_ = results.values()
    by_variant = {}
    for variant, result in results.items():
        catalogue = result.catalogue(threshold)
        counted = tables([catalogue], radius_degrees=radius_degrees)
        by_variant[variant] = {
            "parts": {part: _whole(table) for part, table in counted.items()},
            "bins": compared(result, first, threshold),
        }
    return {"against": next(iter(results)), "variants": by_variant}


def _whole(table: Table) -> dict[str, Any]:
    """Return the purity and the completeness of all bins."""
    numbers = table.as_dict()
    return {name: numbers[name] for name in ("purity", "completeness")}


def compared(
    one: SkyResult, other: SkyResult, threshold: float
) -> list[dict[str, Any]]:
    """Return the median shifts of sources in both of two catalogues, by true flux.

    Parameters
    ----------
    one, other : SkyResult
        Results on the same true sources.
    threshold : float
        The highest P(fake) of a source.

    Returns
    -------
    list of dict
        The ``bins`` of `shifts`.
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
    """Return the catalogue's values of every true source; NaN of a missing one."""
    source, known = result.source, result.known(0)
    kept = (source >= 0) & (known.p_fake <= threshold)
    values = {}
    for name in ("log10_flux", "error", "block"):
        values[name] = np.full(len(result.flux), np.nan)
        values[name][source[kept]] = getattr(known, name)[kept]
    return values
