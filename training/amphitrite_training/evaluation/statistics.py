"""Statistics of classifiers and measurements: ROC curves, reliability, intervals."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from amphitrite_training.evaluation.matching import Share

Floats = NDArray[np.floating]
Bools = NDArray[np.bool_]

GAUSSIAN_68: Final = 0.9945
"""Half-width, in standard deviations, of the interval that holds 68 % of a normal
distribution."""
_RESAMPLES: Final = 500


def interval(
    statistic: Callable[[NDArray[np.intp]], float], blocks: NDArray[np.integer]
) -> dict[str, float | None]:
    """Return a statistic with its 95 % interval from bootstrap over blocks.

    Parameters
    ----------
    statistic : callable
        Function of the indices of rows, in which rows may be repeated.
    blocks : (n,) ndarray of int
        The block of each row; blocks are resampled as a whole.

    Returns
    -------
    dict
        ``value``, ``low`` and ``high``; None without rows or where not finite.
    """
    n = len(blocks)
    if not n:
        return {"value": None, "low": None, "high": None}
    _, index = np.unique(blocks, return_inverse=True)
    rows = np.split(
        np.argsort(index, kind="stable"), np.cumsum(np.bincount(index))[:-1]
    )
    rng = np.random.default_rng(0)
    values = []
    for _ in range(_RESAMPLES):
        drawn = rng.integers(len(rows), size=len(rows))
        value = statistic(np.concatenate([rows[i] for i in drawn]))
        if np.isfinite(value):
            values.append(value)
    low, high = np.quantile(values, [0.025, 0.975]) if values else (np.nan, np.nan)
    whole = float(statistic(np.arange(n)))
    return {"value": _number(whole), "low": _number(low), "high": _number(high)}


def share(hits: Bools, blocks: NDArray[np.integer]) -> dict[str, float | None]:
    """Return the share of hits with its 95 % interval.

    Parameters
    ----------
    hits : (n,) ndarray of bool
        Whether each row is a hit.
    blocks : (n,) ndarray of int
        See `interval`.

    Returns
    -------
    dict
        ``value``, ``low`` and ``high``, the limits by `with_wilson`; None without rows.
    """
    found = interval(lambda i: float(hits[i].mean()), blocks)
    if not len(hits):
        return found
    counted = Share(int(hits.sum()), len(hits))
    low, high = with_wilson((found["low"], found["high"]), counted)
    return {**found, "low": low, "high": high}


def with_wilson(bootstrap: tuple[float, float], counted: Share) -> tuple[float, float]:
    """Return the union of a share's bootstrap interval and Wilson's, both of 95 %.

    Parameters
    ----------
    bootstrap : (float, float)
        The interval from bootstrap over blocks.
    counted : Share
        The share.

    Notes
    -----
    Bootstrap of a sample without failures, or without hits, never draws one: its
    interval has no width, however small the sample is.  Wilson's interval [1]_ covers
    the true share in such samples too [2]_, but assumes independent objects and is too
    narrow if those of a block are correlated.  The union is at least as wide as both.

    References
    ----------
    .. [1] Wilson 1927, J. Am. Stat. Assoc. 22, 209,
       doi:10.1080/01621459.1927.10502953
    .. [2] Brown, Cai & DasGupta 2001, Statistical Science 16, 101,
       doi:10.1214/ss/1009213286
    """
    low, high = counted.interval
    return min(bootstrap[0], low), max(bootstrap[1], high)


def half_width(error: Floats) -> float:
    """Return half the difference of the 84 % and 16 % quantiles; NaN without values."""
    if not len(error):
        return float("nan")
    low, high = np.quantile(error, [0.16, 0.84])
    return float(high - low) / 2


def coverage(pull: Floats, at_68: float, at_95: float) -> dict[str, float | None]:
    """Return the shares of pulls within the 68 % and 95 % regions; None without pulls.

    Parameters
    ----------
    pull : (n,) ndarray
        Errors in units of their standard deviation.
    at_68, at_95 : float
        Limits of the two regions in the same unit.
    """
    if not len(pull):
        return {"68": None, "95": None}
    return {"68": float((pull <= at_68).mean()), "95": float((pull <= at_95).mean())}


def area_under_curve(score: Floats, positive: Bools) -> float:
    """Return the area under the ROC curve.

    It is the probability that a positive object has a higher score than a negative one;
    equal scores count half.  NaN if there is no positive or no negative object.

    Parameters
    ----------
    score : (n,) ndarray
        Score of each object; NaN counts as lower than any number.
    positive : (n,) ndarray of bool
        Whether each object is positive.
    """
    n, m = int(positive.sum()), int((~positive).sum())
    if not n or not m:
        return float("nan")
    ranks = rankdata(_ordered(score))
    return float((ranks[positive].sum() - n * (n + 1) / 2) / (n * m))


def roc(score: Floats, positive: Bools) -> tuple[Floats, Floats]:
    """Return the ROC curve: false-positive rate and recall, (m + 1,) each.

    Parameters
    ----------
    score, positive
        See `area_under_curve`.  The threshold falls along the curve over the m
        different scores; objects whose score is NaN exceed none.
    """
    order = np.argsort(-_ordered(score), kind="stable")
    falling, wanted = score[order], positive[order]
    last = np.append(np.diff(falling) != 0, True) & np.isfinite(falling)
    false_positives, recall = (
        np.append(0.0, np.cumsum(which)[last] / max(1, which.sum()))
        for which in (~wanted, wanted)
    )
    return false_positives, recall


def _ordered(score: Floats) -> Floats:
    """Return scores with NaN replaced by minus infinity."""
    return np.where(np.isnan(score), -np.inf, score)


def rates(kept: Bools, fake: Bools) -> Mapping[str, list[int]]:
    """Return the numbers of false peaks and of sources before and after a cut.

    Parameters
    ----------
    kept, fake : (n,) ndarray of bool
        Whether each peak passes the cut, and whether it is false.

    Returns
    -------
    dict
        Pairs of numbers.  ``false_before``: false peaks, all peaks.  ``false_after``:
        false peaks, all peaks that pass.  ``sources_kept``: sources that pass, all
        sources.
    """
    return {
        "false_before": [int(fake.sum()), len(fake)],
        "false_after": [int((fake & kept).sum()), int(kept.sum())],
        "sources_kept": [int((~fake & kept).sum()), int((~fake).sum())],
    }


@dataclass(frozen=True)
class Reliable:
    """The share of positive objects in a bin of stated probability.

    Parameters
    ----------
    low, high, mean : float
        Limits of the bin, and mean probability in it, weighted; NaN without objects.
    counted : Share
        The positive objects among all in the bin, not weighted.
    value : float
        Their share, weighted; NaN without objects.
    interval : (float, float)
        The 95 % interval of ``counted``, with the same weight.
    """

    low: float
    high: float
    mean: float
    counted: Share
    value: float
    interval: tuple[float, float]


def reliability(
    probability: Floats,
    positive: Bools,
    edges: Sequence[float],
    *,
    weight: float | None = None,
) -> list[Reliable]:
    """Return the share of positive objects in bins of their stated probability.

    Parameters
    ----------
    probability : (n,) ndarray
        Stated probability of each object to be positive; NaN is left out.
    positive : (n,) ndarray of bool
        Whether it is.
    edges : sequence of float
        Ascending; a bin includes its lower edge and excludes its upper one.
    weight : float, optional
        Weight of a positive object, where a negative one has 1: for a sample whose
        share of positive objects is not the one that the probabilities assume.  All
        have the same weight by default.
    """
    weights = None if weight is None else np.where(positive, weight, 1.0)
    result = []
    for low, high in pairwise(edges):
        here = (probability >= low) & (probability < high)
        counted = Share(int(positive[here].sum()), int(here.sum()))
        value, *ends = (
            share * weight / (share * weight + 1 - share) if weight else share
            for share in (counted.value, *counted.interval)
        )
        some = None if weights is None else weights[here]
        filled = here.any() if some is None else some.any()
        mean = np.average(probability[here], weights=some) if filled else np.nan
        result.append(
            Reliable(
                low, min(high, 1.0), float(mean), counted, value, (ends[0], ends[1])
            )
        )
    return result


def expected_calibration_error(
    probability: Floats, positive: Bools, edges: Sequence[float]
) -> float:
    """Return the mean absolute difference of probabilities and shares.

    It is the mean over the bins of `reliability`, weighted with their numbers of
    objects; NaN without objects.

    Parameters
    ----------
    probability, positive, edges
        See `reliability`.
    """
    bins = [
        each for each in reliability(probability, positive, edges) if each.counted.n
    ]
    if not bins:
        return float("nan")
    distances = [abs(each.mean - each.value) for each in bins]
    return float(np.average(distances, weights=[each.counted.n for each in bins]))


def median_and_width(error: Floats) -> dict[str, Any]:
    """Return ``n``, ``median`` and ``width``, the `half_width`; None without errors."""
    n = len(error)
    return {
        "n": n,
        "median": float(np.median(error)) if n else None,
        "width": half_width(error) if n else None,
    }


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
