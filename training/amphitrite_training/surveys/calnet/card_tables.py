"""The tables of the card of the served eclipsing-binary classifier, in Markdown."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Final

from amphitrite_training.evaluation.cards import percent, ranged, share, table
from amphitrite_training.surveys.calnet import measures
from amphitrite_training.surveys.calnet.judged import JudgedStars
from amphitrite_training.surveys.calnet.simulate.stars import BINARIES

# What the paper's authors publish: the confusion matrix of their test segments, of
# which those of one star can be in the training set too, and the share of 4,225 known
# binaries, most of them trained on, of which a segment in some sector scores 0.9.
_PUBLISHED_RECALL: Final = "0.986"
_PUBLISHED_FALSE: Final = "0.0089"
_PUBLISHED_STARS: Final = "0.991 (4,187 of 4,225)"


def thresholds(stars: JudgedStars, thresholds: Sequence[float]) -> str:
    """Return the table of recall, false positives and precision at each threshold."""
    prevalences = (measures.EVEN, measures.PREVALENCE)
    head = (
        *("threshold", "recall", "false positives"),
        *(f"precision at {percent(each)}" for each in prevalences),
    )
    rows = []
    for threshold in thresholds:
        found = measures.rates(stars, threshold)
        precisions = (precision(found, each) for each in prevalences)
        counted = (recall(found), false_positives(found))
        rows.append([f"{threshold:g}", *counted, *precisions])
    return table(head, rows)


def published(stars: JudgedStars) -> str:
    """Return the table of the authors' numbers beside those of this sample."""
    even, sure = measures.rates(stars, 0.5), measures.rates(stars, 0.9)
    rows = (
        ("binaries taken for binaries, at 0.5", _PUBLISHED_RECALL, recall(even)),
        ("others taken for binaries, at 0.5", _PUBLISHED_FALSE, false_positives(even)),
        ("known binaries with a score of 0.9", _PUBLISHED_STARS, recall(sure)),
    )
    head = ("", "published: real stars, the first two by segment", "here: simulated")
    return table(head, rows)


def kinds(stars: JudgedStars, thresholds: Sequence[float]) -> str:
    """Return the table of the stars taken for binaries, by kind and threshold."""
    columns = [measures.by_kind(stars, each) for each in thresholds]
    rows = [
        [
            kind,
            "binary" if kind in BINARIES else "other",
            *(share(column[kind]) for column in columns),
        ]
        for kind in columns[0]
    ]
    return table(("kind", "is", *_names(thresholds)), rows)


def bins(
    stars: JudgedStars,
    thresholds: Sequence[float],
    quantity: str,
    edges: Sequence[float],
    name: str,
    shown: Callable[[measures.Rates], str],
) -> str:
    """Return the table of a rate in bins of a quantity, by threshold.

    ``shown`` writes the rate: `recall`, `false_positives` or `precision`.
    """
    columns = [measures.by_bin(stars, each, quantity, edges) for each in thresholds]
    rows = [
        [f"{low:g} to {high:g}", *(shown(column[row][2]) for column in columns)]
        for row, (low, high, _) in enumerate(columns[0])
    ]
    return table((name, *_names(thresholds)), rows)


def _names(thresholds: Sequence[float]) -> list[str]:
    return [f"at {each:g}" for each in thresholds]


def reliability(stars: JudgedStars) -> str:
    """Return the table of scores against shares of binaries."""
    rows = []
    for each in measures.reliability(stars):
        known = not math.isnan(each.mean)
        rows.append(
            [
                f"{each.low:g} to {each.high:g}",
                f"{each.mean:.3f}" if known else "",
                ranged(each.value, each.interval) if known else "none",
                f"{each.counted.n_hits:,} of {each.counted.n:,}",
            ]
        )
    head = ("score", "mean score", "share of binaries", "binaries here, unweighted")
    return table(head, rows)


def periods(stars: JudgedStars) -> str:
    """Return the table of the shares of right periods, by kind of binary."""
    short = measures.periods(stars, longest=measures.TWICE_SEEN_DAYS)
    rows = [
        [kind, share(exact), share(related), share(short[kind][0])]
        for kind, (exact, related) in measures.periods(stars).items()
    ]
    head = (
        *("kind", "within 1 %", "within 1 % of it, its half or double"),
        f"within 1 %, of periods below {measures.TWICE_SEEN_DAYS:g} d",
    )
    return table(head, rows)


def recall(found: measures.Rates) -> str:
    """Return a recall with its interval, as text."""
    return share(found.recall)


def false_positives(found: measures.Rates) -> str:
    """Return a false-positive rate with its interval, as text."""
    return share(found.false_positives, digits=4)


def precision(found: measures.Rates, prevalence: float = measures.PREVALENCE) -> str:
    """Return the precision that a prevalence implies, with its limits, as text."""
    value = found.implied_precision(prevalence)
    if math.isnan(value) or not found.false_positives.n:
        return "none"
    return ranged(value, found.implied_interval(prevalence))
