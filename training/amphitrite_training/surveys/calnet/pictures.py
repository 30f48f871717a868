"""Pictures for the card of the served eclipsing-binary classifier.

All of the stars in them are simulated.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from amphitrite_training.diagrams import panels, rocs, shares
from amphitrite_training.evaluation.statistics import roc
from amphitrite_training.surveys.calnet.judged import JudgedStars
from amphitrite_training.surveys.calnet.measures import (
    Evaluation,
    misjudged,
    rates,
    reliability,
)
from amphitrite_training.surveys.calnet.simulate.stars import BINARIES, KINDS, draw_star

if TYPE_CHECKING:
    from matplotlib.figure import Figure


N_MISJUDGED: Final = 4
_CADENCES: Final = 10  # to a point of a light curve: 20 minutes


def pictures(found: Evaluation) -> dict[str, Figure]:
    """Return the pictures of the card.

    Parameters
    ----------
    found : Evaluation
        The measurements.

    Returns
    -------
    dict of str to Figure
        ``roc``, ``reliability``, ``scores`` and ``misjudged``.
    """
    stars = found.stars
    bins = reliability(stars)
    return {
        "roc": rocs.roc(
            {
                f"{name} ({len(some):,})": _curve(some, found)
                for name, some in (
                    ("all stars", stars),
                    ("clear cases", stars.where(stars.is_clear)),
                )
            },
            title="Simulated stars: eclipsing binaries against others",
        ),
        "reliability": shares.reliability(
            np.array([each.mean for each in bins]),
            np.array([each.value for each in bins]),
            np.array([each.interval for each in bins]),
            title="Simulated stars, half of them binaries",
            ylabel="share of binaries",
        ),
        "scores": panels.scores(
            {
                kind: stars.p_eb[(stars.kind == kind) & np.isfinite(stars.p_eb)]
                for kind in KINDS
            },
            threshold=found.threshold,
            wanted=BINARIES,
            title="Scores of simulated stars by kind",
        ),
        "misjudged": panels.panels(
            [_panel(misjudged_star) for misjudged_star in _each(stars)],
            title="Simulated stars whose scores are the most wrong: others with the "
            "highest, clear binaries with the lowest",
            xlabel="BJD (TDB) - 2457000 [d]; relative flux, means of 20 minutes",
            columns=N_MISJUDGED,
        ),
    }


def _curve(stars: JudgedStars, found: Evaluation) -> rocs.Roc:
    false_positives, hits = roc(stars.p_eb, stars.is_binary)
    at = rates(stars, found.threshold)
    point = (at.false_positives.value, at.recall.value)
    return rocs.Roc(
        false_positives, hits, {f"at the threshold {found.threshold:g}": point}
    )


def _each(stars: JudgedStars) -> list[JudgedStars]:
    wrong = misjudged(stars, n=N_MISJUDGED)
    return [wrong.where(np.array([row])) for row in range(len(wrong))]


def _panel(one: JudgedStars) -> panels.Panel:
    """Return the panel of a star, simulated again from its seed."""
    kind, tmag, p_eb = one.kind[0], one.tmag[0], one.p_eb[0]
    star = draw_star(int(one.seed[0]))
    good = (star.cadences.quality == 0) & np.isfinite(star.flux)
    n = good.sum() // _CADENCES * _CADENCES
    time, flux = (
        values[good][:n].reshape(-1, _CADENCES).mean(axis=1)
        for values in (star.cadences.time, star.flux / np.median(star.flux[good]))
    )
    orbit = (
        f"\nP {one.period[0]:.2f} d, depth {one.depth[0]:.1%}" if star.is_binary else ""
    )
    title = f"{kind}, Tmag {tmag:.1f}: scores {p_eb:.3f}{orbit}"
    return panels.Panel(title, time, flux)
