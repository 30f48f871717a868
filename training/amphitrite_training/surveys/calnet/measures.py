"""Measurements of a catalogue of eclipsing binaries on simulated stars.

Stars are counted, not segments: the segments of one star share its peculiarities and
are not independent.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from amphitrite.triton.spec import ModelSpec
from amphitrite_training.evaluation import statistics
from amphitrite_training.evaluation.matching import Share
from amphitrite_training.evaluation.statistics import Reliable, area_under_curve
from amphitrite_training.surveys.calnet.judged import JudgedStars
from amphitrite_training.surveys.calnet.simulate.stars import BINARIES, KINDS

# Of TESS's two-minute targets: 9,351 new and 4,225 known binaries (arXiv:2504.15875)
# among some 500,000 stars would be 2.7 %, of which not all are real.
PREVALENCE: Final = 0.02
# As in the authors' test, half of whose segments are of binaries.
EVEN: Final = 0.5
THRESHOLDS: Final = (0.5, 0.9)
TMAG_EDGES: Final = (0.0, 8.0, 10.0, 12.0, 13.0, 14.0, 20.0)
PERIOD_EDGES: Final = (0.0, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 100.0)
DEPTH_EDGES: Final = (0.0, 0.01, 0.03, 0.1, 0.3, 1.1)
RELIABILITY_EDGES: Final = (0.0, 0.05, 0.2, 0.4, 0.6, 0.8, 0.95, 1.0001)
# Of a longer period, the two orbits of a sector may show a single primary eclipse.
TWICE_SEEN_DAYS: Final = 12.0
_PERIOD_TOLERANCE: Final = 0.01


@dataclass(frozen=True)
class Rates:
    """Recall and false positives of eclipsing binaries at one threshold.

    Parameters
    ----------
    threshold : float
        Stars with this score or more count as binaries.
    recall, false_positives : Share
        Binaries found of all binaries; others taken for binaries of all others.
    """

    threshold: float
    recall: Share
    false_positives: Share

    def implied_precision(self, prevalence: float = PREVALENCE) -> float:
        """Return the precision that a prevalence of binaries implies.

        Parameters
        ----------
        prevalence : float
            The share of eclipsing binaries, 0 to 1.

        Returns
        -------
        float
            1 without false positives; NaN where no star reaches the threshold.
        """
        return _precision(self.recall.value, self.false_positives.value, prevalence)

    def implied_interval(self, prevalence: float = PREVALENCE) -> tuple[float, float]:
        """Return limits of the implied precision: the ends of both 95 % intervals."""
        recall, false = self.recall.interval, self.false_positives.interval
        return (
            _precision(recall[0], false[1], prevalence),
            _precision(recall[1], false[0], prevalence),
        )


def _precision(recall: float, false: float, prevalence: float) -> float:
    real, wrong = prevalence * recall, (1 - prevalence) * false
    return real / (real + wrong) if real + wrong > 0 else float("nan")


def rates(stars: JudgedStars, threshold: float) -> Rates:
    """Return the rates at a threshold; a star missing in the catalogue is not found."""
    found = np.nan_to_num(stars.p_eb, nan=-1.0) >= threshold
    return Rates(
        threshold,
        recall=_share(found[stars.is_binary]),
        false_positives=_share(found[~stars.is_binary]),
    )


def _share(hits: NDArray[np.bool_]) -> Share:
    return Share(int(hits.sum()), len(hits))


def by_kind(stars: JudgedStars, threshold: float) -> dict[str, Share]:
    """Return the share of each kind that scores the threshold or more."""
    found = np.nan_to_num(stars.p_eb, nan=-1.0) >= threshold
    return {
        kind: _share(found[stars.kind == kind])
        for kind in KINDS
        if (stars.kind == kind).any()
    }


def by_bin(
    stars: JudgedStars, threshold: float, quantity: str, edges: Sequence[float]
) -> list[tuple[float, float, Rates]]:
    """Return the rates in bins of a quantity.

    Parameters
    ----------
    stars : JudgedStars
        The stars.
    threshold : float
        See `Rates`.
    quantity : str
        A field of `JudgedStars`: ``"tmag"``, ``"period"`` or ``"depth"``.
    edges : sequence of float
        Ascending; a bin holds its lower edge and not its upper one.

    Returns
    -------
    list of (low, high, Rates)
    """
    values = getattr(stars, quantity)
    return [
        (low, high, rates(stars.where((values >= low) & (values < high)), threshold))
        for low, high in pairwise(edges)
    ]


def reliability(stars: JudgedStars) -> list[Reliable]:
    """Return the share of binaries in bins of score.

    Parameters
    ----------
    stars : JudgedStars
        With any share of binaries: the result is for a share of one half.

    Returns
    -------
    list of Reliable
        One for each of the bins of `RELIABILITY_EDGES`.
    """
    n_binaries = int(stars.is_binary.sum())
    return statistics.reliability(
        stars.p_eb,
        stars.is_binary,
        RELIABILITY_EDGES,
        weight=(len(stars) - n_binaries) / max(1, n_binaries),
    )


def periods(
    stars: JudgedStars, *, longest: float = np.inf
) -> dict[str, tuple[Share, Share]]:
    """Return the shares of right periods, by kind of binary.

    Parameters
    ----------
    stars : JudgedStars
        The stars.
    longest : float, optional
        Leave longer true periods out, days.

    Returns
    -------
    dict of str to (Share, Share)
        Of the binaries that have a period in the catalogue: within 1 %, and within 1 %
        of the period, its half or its double.
    """
    result = {}
    for kind in BINARIES:
        here = (
            (stars.kind == kind)
            & np.isfinite(stars.found_period)
            & (stars.period < longest)
        )
        ratio = stars.found_period[here] / stars.period[here]
        exact, related = (
            np.any(
                [np.abs(ratio / factor - 1) < _PERIOD_TOLERANCE for factor in factors],
                axis=0,
            )
            for factors in ((1.0,), (0.5, 1.0, 2.0))
        )
        result[kind] = (_share(exact), _share(related))
    return result


def misjudged(stars: JudgedStars, *, n: int) -> JudgedStars:
    """Return the stars with the most wrong scores.

    Parameters
    ----------
    stars : JudgedStars
        The stars.
    n : int
        How many of each of the two groups at most.

    Returns
    -------
    JudgedStars
        Others, the highest score first, and then clear binaries, the lowest first; of
        those that are in the catalogue.
    """
    scored = np.isfinite(stars.p_eb)
    others = np.flatnonzero(~stars.is_binary & scored)
    binaries = np.flatnonzero(stars.is_binary & stars.is_clear & scored)
    highest = others[np.argsort(-stars.p_eb[others], kind="stable")][:n]
    lowest = binaries[np.argsort(stars.p_eb[binaries], kind="stable")][:n]
    return stars.where(np.concatenate([highest, lowest]))


@dataclass(frozen=True)
class Evaluation:
    """Measurements of a served model on simulated stars.

    Parameters
    ----------
    spec : ModelSpec
        The served model's spec.
    version : int
        Its version.
    first_seed : int
        The stars are of this seed and those after it.
    threshold : float
        The recommended threshold, from the model's spec.
    stars : JudgedStars
        The stars with their scores and periods.
    """

    spec: ModelSpec
    version: int
    first_seed: int
    threshold: float
    stars: JudgedStars

    @property
    def thresholds(self) -> tuple[float, ...]:
        """The thresholds that are reported, the recommended one among them."""
        return tuple(sorted({*THRESHOLDS, self.threshold}))

    def as_dict(self) -> Mapping[str, Any]:
        """Return the main numbers as JSON types.

        Returns
        -------
        dict
            ``model``, ``version``, ``digest`` of the served model; ``n_stars`` and
            ``first_seed`` of the simulated stars; ``recommended_threshold``;
            ``area_under_curve``.
            ``at``, for each threshold and both sets of ``stars`` (``all``, ``clear``):
            ``recall`` and ``false_positives``, each [hits, of]; ``implied_precision``
            at a prevalence of `PREVALENCE`, and ``implied_interval``, its limits.
            ``periods``, by kind of binary: ``exact`` and ``related``, each [hits, of];
            see `periods`.
        """
        return {
            "model": self.spec.name,
            "version": self.version,
            "digest": self.spec.digest,
            "n_stars": len(self.stars),
            "first_seed": self.first_seed,
            "recommended_threshold": self.threshold,
            "area_under_curve": area_under_curve(self.stars.p_eb, self.stars.is_binary),
            "at": [
                _as_dict(rates(stars, threshold)) | {"stars": name}
                for name, stars in (
                    ("all", self.stars),
                    ("clear", self.stars.where(self.stars.is_clear)),
                )
                for threshold in self.thresholds
            ],
            "periods": {
                kind: {"exact": _counts(exact), "related": _counts(related)}
                for kind, (exact, related) in periods(self.stars).items()
            },
        }


def _as_dict(found: Rates) -> dict[str, Any]:
    implied = found.implied_precision()
    return {
        "threshold": found.threshold,
        "recall": _counts(found.recall),
        "false_positives": _counts(found.false_positives),
        "implied_precision": None if np.isnan(implied) else implied,
        "implied_interval": list(found.implied_interval()),
    }


def _counts(share: Share) -> list[int]:
    return [share.n_hits, share.n]
