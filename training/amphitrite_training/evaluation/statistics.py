"""Statistics of classifiers and measurements: ROC curves, reliability, intervals."""

from __future__ import annotations

from collections.abc import Callable, Mapping
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
RELIABILITY_EDGES: Final = (0.0, 0.01, 0.03, 0.1, 0.3, 0.6, 1.0001)
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
        Which rows count.
    blocks : (n,) ndarray of int
        As for `interval`.

    Returns
    -------
    dict
        ``value``, and from ``low`` to ``high`` what `with_wilson` makes of the interval
        by resampling; None of nothing.
    """
    found = interval(lambda i: float(hits[i].mean()), blocks)
    if not len(hits):
        return found
    counted = Share(int(hits.sum()), len(hits))
    low, high = with_wilson((found["low"], found["high"]), counted)
    return {**found, "low": low, "high": high}


def with_wilson(resampled: tuple[float, float], counted: Share) -> tuple[float, float]:
    """Return the hull of a share's interval by resampling and Wilson's, both of 95 %.

    Parameters
    ----------
    resampled : (float, float)
        From resampling blocks, whose members stand and fall together.
    counted : Share
        The share.

    Notes
    -----
    Resampling a sample without a failure (or without a hit) never draws one, so that
    its interval is a point, however small the sample.  Wilson's interval [1]_ holds
    for such samples, too [2]_, but takes all members for independent, which makes it
    too narrow where they are not.  The hull is at least as wide as either.

    References
    ----------
    .. [1] Wilson 1927, J. Am. Stat. Assoc. 22, 209,
       doi:10.1080/01621459.1927.10502953
    .. [2] Brown, Cai & DasGupta 2001, Statistical Science 16, 101,
       doi:10.1214/ss/1009213286
    """
    low, high = counted.interval
    return min(resampled[0], low), max(resampled[1], high)


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


def area_under_curve(p_fake: Floats, fake: Bools) -> float:
    """Return the probability that a false peak has a higher P(fake) than a source.

    Equal values count half.  NaN if there is no false peak or no source.

    Parameters
    ----------
    p_fake : (n,) ndarray
        Probability of each peak to be false.
    fake : (n,) ndarray of bool
        Whether it is false.
    """
    n, m = int(fake.sum()), int((~fake).sum())
    if not n or not m:
        return float("nan")
    ranks = rankdata(p_fake)
    return float((ranks[fake].sum() - n * (n + 1) / 2) / (n * m))


def roc(p_fake: Floats, fake: Bools) -> tuple[Floats, Floats]:
    """Return the ROC curve: shares of false peaks and of sources kept, (n + 1,) each.

    Parameters
    ----------
    p_fake, fake
        See `area_under_curve`; the highest P(fake) that is kept increases along the
        curve.
    """
    order = np.argsort(p_fake, kind="stable")
    kept_fake = np.cumsum(fake[order]) / max(1, fake.sum())
    kept_real = np.cumsum(~fake[order]) / max(1, (~fake).sum())
    return np.r_[0.0, kept_fake], np.r_[0.0, kept_real]


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


def reliability(p_fake: Floats, fake: Bools) -> list[dict[str, Any]]:
    """Return mean P(fake) and the number of false peaks in bins of P(fake).

    Parameters
    ----------
    p_fake, fake
        See `area_under_curve`.

    Returns
    -------
    list of dict
        For each bin its limits ``p_fake``, the number ``n`` of peaks, the ``mean`` of
        P(fake) (None without peaks), and the number ``fake`` of false peaks.
    """
    result = []
    for low, high in pairwise(RELIABILITY_EDGES):
        here = (p_fake >= low) & (p_fake < high)
        n = int(here.sum())
        result.append(
            {
                "p_fake": [low, min(high, 1.0)],
                "n": n,
                "mean": float(p_fake[here].mean()) if n else None,
                "fake": int(fake[here].sum()),
            }
        )
    return result


def expected_calibration_error(p_fake: Floats, fake: Bools) -> float:
    """Return the mean absolute difference of P(fake) and the share of false peaks.

    It is the mean over the bins of `reliability`, weighted with their numbers of peaks;
    NaN without peaks.

    Parameters
    ----------
    p_fake, fake
        See `area_under_curve`.
    """
    if not len(fake):
        return float("nan")
    bins = [each for each in reliability(p_fake, fake) if each["n"]]
    distances = [abs(each["mean"] - each["fake"] / each["n"]) for each in bins]
    return float(np.average(distances, weights=[each["n"] for each in bins]))


def _median_and_width(error: Floats) -> dict[str, Any]:
    n = len(error)
    return {
        "n": n,
        "median": float(np.median(error)) if n else None,
        "width": half_width(error) if n else None,
    }


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
