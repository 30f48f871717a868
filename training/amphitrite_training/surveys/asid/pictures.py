"""Pictures for the card of the served source detector.

All of the skies in them are simulated.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from amphitrite.surveys.asid.page import UNET
from amphitrite.surveys.asid.prepare.patches import angles
from amphitrite_training.diagrams import errors, rocs, skies
from amphitrite_training.diagrams.shares import Shares, binned, reliabilities
from amphitrite_training.evaluation.statistics import area_under_curve, reliability, roc
from amphitrite_training.surveys.asid.calibrate import PAPER_FLUX_EDGES
from amphitrite_training.surveys.asid.heads.measures import (
    LEAST_SOURCES,
    RELIABILITY_EDGES,
    Described,
)
from amphitrite_training.surveys.asid.measures import Evaluation
from amphitrite_training.surveys.asid.tables import Counted

if TYPE_CHECKING:
    from matplotlib.figure import Figure


Floats = NDArray[np.floating]

FLUX: Final = "flux above 1 GeV (photons cm$^{-2}$ s$^{-1}$)"
NOTABLE: Final = PAPER_FLUX_EDGES[3]
"""Lowest true flux (photons/cm2/s) of the missed sources on the map, which more of them
would crowd."""
_APART: Final = 1.04  # factor of flux between markers of the same bin


def pictures(found: Evaluation) -> dict[str, Figure]:
    """Return the pictures of the card.

    Parameters
    ----------
    found : Evaluation
        The measurements.

    Returns
    -------
    dict of str to Figure
        ``sky``, ``completeness``, ``roc``, ``reliability``, ``flux_pull`` and
        ``location_pull``.
    """
    return {
        "sky": _sky(found),
        "completeness": _completeness(found),
        "roc": rocs.rocs(
            {
                f"Simulated candidates, {_name(found, variant)}": _curves(
                    found, variant
                )
                for variant in found.results
            },
            xlabel="false candidates that are kept",
            ylabel="true candidates that are kept",
        ),
        "reliability": reliabilities(
            {
                f"Simulated, {_name(found, variant)}": _reliable(known)
                for variant, known in found.described.items()
            },
            xlabel="P(fake)",
            ylabel="share of false candidates",
        ),
        "flux_pull": errors.pulls(
            {
                _name(found, variant): errors.Measured(
                    np.log10(real.flux), real.log10_flux, real.flux_sigma
                )
                for variant, real in _real(found)
            },
            title="Simulated sources in the catalogue: their flux",
            quantity=FLUX,
        ),
        "location_pull": _location(found),
    }


def _name(found: Evaluation, variant: str) -> str:
    seen = variant in _seen(found)
    return f"variant {variant} ({'seen in training' if seen else 'never seen'})"


def _seen(found: Evaluation) -> str:
    """Return the variants of the diffuse emission that the detector was trained on."""
    return str(found.members[UNET.name].learned["recipe"]["variants"])


def _real(found: Evaluation) -> Iterator[tuple[str, Described]]:
    """Yield the true sources that pass the classifier's cut, by variant."""
    threshold = found.max_p_fake
    for variant, known in found.described.items():
        yield variant, known.where((known.p_fake <= threshold) & ~known.is_fake)


def _sky(found: Evaluation) -> Figure:
    """Draw one sky, of a variant that was never seen if there is one."""
    seen = _seen(found)
    number, (seed, variant) = min(
        enumerate(found.skies), key=lambda each: (each[1][1] in seen, each[0])
    )
    before = [each for _, each in found.skies[:number]]
    result = found.results[variant][before.count(variant)]
    listed = result.catalogue(found.max_p_fake)
    source = listed.source
    hit = np.isin(np.arange(len(result.flux)), source)
    lost = ~hit & (result.flux >= NOTABLE)
    return skies.sky(
        _places(result.truth[hit], result.flux[hit]),
        _places(result.truth[lost], result.flux[lost]),
        _places(listed.found[source < 0], listed.aperture_flux[source < 0]),
        title=f"Simulated sky, {_name(found, variant)}, seed {seed}",
        missed_label=f"missed, above {NOTABLE:.3g}",
    )


def _places(vectors: Floats, flux: Floats) -> skies.Places:
    return skies.Places(*angles(vectors), flux)


def _completeness(found: Evaluation) -> Figure:
    edges = np.array(PAPER_FLUX_EDGES)
    edges[-1] = edges[-2] ** 2 / edges[-3]  # the last bin has no end
    middle = np.sqrt(edges[1:] * edges[:-1])
    panels = {}
    for part in ("|b| > 20", "all sky"):
        for variant, tables in found.tables.items():
            table, after = tables[part], found.catalogues[variant][part]
            n_sources = sum(each.n for each in table.completeness)
            panels[f"{part}, {_name(found, variant)}: {n_sources:,} sources"] = {
                "ceiling": Shares(
                    middle, np.array(table.ceiling), None, np.zeros(len(middle), bool)
                ),
                "detector alone": _shares(middle / _APART, table.completeness),
                "after the classifier": _shares(middle * _APART, after.completeness),
            }
    return binned(
        panels,
        columns=len(found.tables),
        title="Simulated sources that are found",
        xlabel=f"true {FLUX}",
        ylabel="completeness",
    )


def _shares(at: Floats, counted: tuple[Counted, ...]) -> Shares:
    return Shares(
        at,
        np.array([each.value for each in counted]),
        np.array([(each.low, each.high) for each in counted]),
        np.array([each.n < LEAST_SOURCES for each in counted]),
    )


def _curves(found: Evaluation, variant: str) -> dict[str, rocs.Roc]:
    """Return the ROC curves of P(fake) and of the detector's score alone."""
    known = found.described[variant]
    results = found.results[variant]
    score = np.concatenate([result.described["score"] for result in results])
    at = found.max_p_fake
    own = results[0].threshold
    return dict(
        (
            _curve(known.p_fake, known, at, "P(fake)", f"up to {at:.3g}"),
            _curve(-score, known, -own, "detector's score", f"above {own:.3g}"),
        )
    )


def _curve(
    falseness: Floats, known: Described, at: float, label: str, mark: str
) -> tuple[str, rocs.Roc]:
    fake, kept = known.is_fake, falseness <= at
    false_kept = (kept & fake).sum() / max(1, fake.sum())
    true_kept = (kept & ~fake).sum() / max(1, (~fake).sum())
    marks = {mark: (float(false_kept), float(true_kept))}
    area = area_under_curve(falseness, fake)
    return f"{label} (area {area:.3f})", rocs.Roc(*roc(-falseness, ~fake), marks)


def _reliable(known: Described) -> Shares:
    bins = reliability(known.p_fake, known.is_fake, RELIABILITY_EDGES)
    return Shares(
        np.array([each.mean for each in bins]),
        np.array([each.value for each in bins]),
        np.array([each.interval for each in bins]),
        np.array([each.counted.n < LEAST_SOURCES for each in bins]),
    )


def _location(found: Evaluation) -> Figure:
    learned = found.spec.learned
    inner = learned["radius_68"]
    return errors.radii(
        {
            _name(found, variant): real.error / (inner * real.error_sigma)
            for variant, real in _real(found)
        },
        outer=(learned["radius_95"] / inner, 0.95),
        title="Simulated sources in the catalogue: their position",
    )
