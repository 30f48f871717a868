"""What is measured of a catalogue of eclipsing binaries, and how it is counted.

A star is the unit: its segments share a star's peculiarities and are no independent
trials.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from amphitrite.spec import ModelSpec
from amphitrite_training.calnet.simulate.stars import BINARIES, KINDS
from amphitrite_training.scores import Share

# Of TESS's two-minute targets: 9,351 new and 4,225 known binaries (arXiv:2504.15875)
# among some 500,000 stars would be 2.7 %, of which not all are real.
PREVALENCE: Final = 0.02
THRESHOLDS: Final = (0.5, 0.9)
TMAG_EDGES: Final = (0.0, 8.0, 10.0, 12.0, 13.0, 14.0, 20.0)
PERIOD_EDGES: Final = (0.0, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 100.0)
DEPTH_EDGES: Final = (0.0, 0.01, 0.03, 0.1, 0.3, 1.1)
RELIABILITY_EDGES: Final = (0.0, 0.05, 0.2, 0.4, 0.6, 0.8, 0.95, 1.0001)
# What the target of the recall speaks of.
CLEAR_TMAG: Final = 13.0
CLEAR_DEPTH: Final = 0.03
_ROC_POINTS: Final = (0.01, 0.05, 0.1, 0.2, 0.5, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995)
_PERIOD_TOLERANCE: Final = 0.01


@dataclass(frozen=True)
class Scored:
    """Simulated stars and what the catalogue says of them.

    Parameters
    ----------
    kind : (n,) ndarray of str
        What each star is, of `KINDS`.
    tmag, period, depth : (n,) ndarray
        TESS magnitude; orbital period in days, 0 for none; depth of the deepest
        eclipse.
    p_eb : (n,) ndarray
        The catalogue's score; NaN where the star is not in it.
    found_period : (n,) ndarray
        The catalogue's period, days; NaN for none.
    """

    kind: NDArray[np.str_]
    tmag: NDArray[np.floating]
    period: NDArray[np.floating]
    depth: NDArray[np.floating]
    p_eb: NDArray[np.floating]
    found_period: NDArray[np.floating]

    def __len__(self) -> int:
        return len(self.kind)

    @property
    def is_binary(self) -> NDArray[np.bool_]:
        """Which stars are eclipsing binaries."""
        return np.isin(self.kind, BINARIES)

    @property
    def is_clear(self) -> NDArray[np.bool_]:
        """Which stars are bright and, if they are binaries, have deep eclipses."""
        deep = (self.depth > CLEAR_DEPTH) | ~self.is_binary
        return np.asarray((self.tmag < CLEAR_TMAG) & deep)

    def where(self, chosen: NDArray[np.bool_]) -> Scored:
        """Return some of the stars."""
        return Scored(*(getattr(self, name)[chosen] for name in _COLUMNS))

    @classmethod
    def joined(cls, parts: Sequence[Scored]) -> Scored:
        """Join several sets of stars."""
        return cls(
            *(
                np.concatenate([getattr(part, name) for part in parts])
                for name in _COLUMNS
            )
        )


_COLUMNS: Final = tuple(Scored.__dataclass_fields__)


@dataclass(frozen=True)
class Rates:
    """How well binaries are told from other stars at one threshold.

    Parameters
    ----------
    threshold : float
        Stars with this score or more count as binaries.
    recall, false_positives, precision : Share
        Binaries found of all binaries; others taken for binaries of all others;
        binaries of all that count as such, in this sample.
    """

    threshold: float
    recall: Share
    false_positives: Share
    precision: Share

    def implied_precision(self, prevalence: float = PREVALENCE) -> float:
        """Return the precision where so many of all stars are binaries.

        Parameters
        ----------
        prevalence : float
            The share of eclipsing binaries, 0 to 1.

        Returns
        -------
        float
            1 where nothing is taken for a binary wrongly; NaN where nothing is found.
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


def rates(stars: Scored, threshold: float) -> Rates:
    """Count at a threshold; a star that is not in the catalogue is not found."""
    found = np.nan_to_num(stars.p_eb, nan=-1.0) >= threshold
    return Rates(
        threshold,
        recall=_share(found[stars.is_binary]),
        false_positives=_share(found[~stars.is_binary]),
        precision=_share(stars.is_binary[found]),
    )


def _share(hits: NDArray[np.bool_]) -> Share:
    return Share(int(hits.sum()), len(hits))


def area_under_curve(stars: Scored) -> float:
    """Return the chance that a binary scores higher than another star.

    The area under the ROC curve as a rank sum; ties count half.
    """
    positive = stars.is_binary
    ranks = rankdata(np.nan_to_num(stars.p_eb, nan=-1.0))
    n, m = int(positive.sum()), int((~positive).sum())
    if not n or not m:
        return float("nan")
    return float((ranks[positive].sum() - n * (n + 1) / 2) / (n * m))


def roc(stars: Scored) -> list[tuple[float, float, float]]:
    """Return threshold, false-positive rate and recall along the ROC curve."""
    return [
        (threshold, found.false_positives.value, found.recall.value)
        for threshold in _ROC_POINTS
        for found in [rates(stars, threshold)]
    ]


def by_kind(stars: Scored, threshold: float) -> dict[str, Share]:
    """Count for each kind how many score the threshold or more."""
    found = np.nan_to_num(stars.p_eb, nan=-1.0) >= threshold
    return {
        kind: _share(found[stars.kind == kind])
        for kind in KINDS
        if (stars.kind == kind).any()
    }


def by_bin(
    stars: Scored, threshold: float, quantity: str, edges: Sequence[float]
) -> list[tuple[float, float, Rates]]:
    """Count in bins of a quantity.

    Parameters
    ----------
    stars : Scored
        The stars.
    threshold : float
        See `Rates`.
    quantity : str
        A field of `Scored`: ``"tmag"``, ``"period"`` or ``"depth"``.
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


def reliability(stars: Scored) -> list[tuple[float, float, float, Share]]:
    """Return limits, mean score and share of binaries for bins of the score.

    In this sample, half of whose stars are binaries.
    """
    result = []
    for low, high in pairwise(RELIABILITY_EDGES):
        here = (stars.p_eb >= low) & (stars.p_eb < high)
        mean = float(stars.p_eb[here].mean()) if here.any() else float("nan")
        result.append((low, min(high, 1.0), mean, _share(stars.is_binary[here])))
    return result


def periods(stars: Scored) -> dict[str, tuple[Share, Share]]:
    """Count periods that are right, by kind of binary.

    Returns
    -------
    dict of str to (Share, Share)
        Of the binaries that have a period in the catalogue: within 1 %, and within 1 %
        of the period, its half or its double.
    """
    result = {}
    for kind in BINARIES:
        here = (stars.kind == kind) & np.isfinite(stars.found_period)
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


@dataclass(frozen=True)
class Evaluation:
    """What was measured of a served model.

    Parameters
    ----------
    spec : ModelSpec
        The served model's.
    version : int
        Its version.
    first_seed : int
        The stars are of this seed and those after it.
    threshold : float
        The recommended one, from the model's spec.
    stars : Scored
        What was found.
    """

    spec: ModelSpec
    version: int
    first_seed: int
    threshold: float
    stars: Scored

    @property
    def thresholds(self) -> tuple[float, ...]:
        """The thresholds that are reported, the recommended one among them."""
        return tuple(sorted({*THRESHOLDS, self.threshold}))

    def as_dict(self) -> Mapping[str, Any]:
        """Return the main numbers as JSON types."""
        return {
            "model": self.spec.name,
            "version": self.version,
            "digest": self.spec.digest,
            "n_stars": len(self.stars),
            "first_seed": self.first_seed,
            "recommended_threshold": self.threshold,
            "area_under_curve": area_under_curve(self.stars),
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
        "precision": _counts(found.precision),
        "implied_precision": None if np.isnan(implied) else implied,
    }


def _counts(share: Share) -> list[int]:
    return [share.n_hits, share.n]
