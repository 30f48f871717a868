"""What is measured of flux, classifier and location on sources that are known.

Everything here takes arrays and returns JSON types, with 95 % intervals where blocks of
what belongs together are given.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from amphitrite_training.rows import Rows

Floats = NDArray[np.floating]
Bools = NDArray[np.bool_]

BRIGHT: Final = 1e-9
"""Sources above this flux, photons/cm2/s above 1 GeV, are those of the targets."""

GAUSSIAN_68: Final = 0.9945
"""Standard deviations that hold 68 % of one dimension."""

FLUX_EDGES: Final = (6.95e-11, 2.34e-10, 4.28e-10, 1e-9, 3e-9, 1e-8, 1e-4)
RELIABILITY_EDGES: Final = (0.0, 0.01, 0.03, 0.1, 0.3, 0.6, 1.0001)
# Bins with fewer sources say little.
LEAST_SOURCES: Final = 30
_RESAMPLES: Final = 500


@dataclass(frozen=True)
class Described(Rows):
    """Peaks of known nature, and what the networks say of them.

    Parameters
    ----------
    flux : (n,) ndarray
        True flux, photons/cm2/s above 1 GeV; NaN of a false detection.
    log10_flux, flux_sigma : (n,) ndarray
        What the network says of its logarithm, and the standard deviation.
    p_fake : (n,) ndarray
        Probability of being a fluctuation.
    detected : (n,) ndarray of bool
        Whether the score exceeds the detector's own threshold.
    error : (n,) ndarray
        How far the network's position is from the source, deg; NaN of a false one.
    peak_error : (n,) ndarray
        How far the peak is.
    error_sigma : (n,) ndarray
        Standard deviation of either coordinate, deg.
    block : (n,) ndarray of int
        The block of the sky that each lies in, for intervals.
    """

    flux: Floats
    log10_flux: Floats
    flux_sigma: Floats
    p_fake: Floats
    detected: Bools
    error: Floats
    peak_error: Floats
    error_sigma: Floats
    block: NDArray[np.integer]

    def __len__(self) -> int:
        return len(self.flux)

    @property
    def is_fake(self) -> Bools:
        """Which detections are false."""
        return np.isnan(self.flux)


def summary(
    found: Described,
    threshold: float,
    *,
    flux_95: float = 1.96,
    radius_68: float = 1.5096,
    radius_95: float = 2.4477,
) -> dict[str, Any]:
    """Return all that is measured of the three networks (JSON types).

    Parameters
    ----------
    found : Described
        All candidates, before the classifier's cut.
    threshold : float
        What P(fake) of a source does not exceed.
    flux_95, radius_68, radius_95 : float
        How many standard deviations the stated regions reach; 68 % of a flux is
        one.

    Returns
    -------
    dict
        ``classifier``: ``threshold``, ``area_under_curve``; ``false_share_before`` and
        ``false_share_after``, of the candidates and of what passes those that are
        false, and ``false_share_of_detector``, the same of what exceeds the detector's
        own threshold; ``fakes_kept`` and ``sources_kept``, of the false and the true
        candidates those that pass, and ``sources_of_detector``, of the true ones those
        that exceed that threshold; ``reliability``; ``calibration_error``.
        ``flux``, of the sources that pass: ``bright``, those above `BRIGHT`, and
        ``bins``, each with ``n``, ``median`` and ``width`` of log10 of the measured
        over the true flux, ``coverage_68`` and ``coverage_95``; and both of all.
        ``position``, likewise: ``median_error``, ``median_error_of_peaks`` (deg),
        ``bins`` with both, and the coverages.
        Every measured number is ``value low high``, with a 95 % interval, but those
        in ``reliability``.
    """
    kept = found.where(found.p_fake <= threshold)
    real = kept.where(~kept.is_fake)
    return {
        "classifier": {"threshold": threshold, **_classified(found, threshold)},
        "flux": _fluxes(real, flux_95),
        "position": _positions(real, radius_68, radius_95),
    }


def _classified(found: Described, threshold: float) -> dict[str, Any]:
    fake, p, passes = found.is_fake, found.p_fake, found.p_fake <= threshold
    return {
        "area_under_curve": interval(
            lambda i: area_under_curve(p[i], fake[i]), found.block
        ),
        "false_share_before": _mean(fake, found.block),
        "false_share_after": _mean(fake[passes], found.block[passes]),
        "false_share_of_detector": _mean(
            fake[found.detected], found.block[found.detected]
        ),
        "fakes_kept": _mean(passes[fake], found.block[fake]),
        "sources_kept": _mean(passes[~fake], found.block[~fake]),
        "sources_of_detector": _mean(found.detected[~fake], found.block[~fake]),
        "reliability": reliability(p, fake),
        "calibration_error": interval(
            lambda i: expected_calibration_error(p[i], fake[i]), found.block
        ),
    }


def _fluxes(real: Described, at_95: float) -> dict[str, Any]:
    error = real.log10_flux - np.log10(real.flux)
    pull = np.abs(error) / real.flux_sigma

    def measured(chosen: Bools) -> dict[str, Any]:
        some, block = error[chosen], real.block[chosen]
        return {
            "n": len(some),
            "median": interval(lambda i: float(np.median(some[i])), block),
            "width": interval(lambda i: half_width(some[i]), block),
            **_coverages(pull[chosen], block, GAUSSIAN_68, at_95),
        }

    return {
        "bright": measured(real.flux > BRIGHT),
        "bins": [
            {"flux": list(edges), **measured(_within(real.flux, edges))}
            for edges in pairwise(FLUX_EDGES)
        ],
        **_coverages(pull, real.block, GAUSSIAN_68, at_95),
    }


def _positions(real: Described, at_68: float, at_95: float) -> dict[str, Any]:
    pull = real.error / real.error_sigma

    def measured(chosen: Bools) -> dict[str, Any]:
        some = real.where(chosen)
        return {
            "n": len(some),
            "median_error": interval(
                lambda i: float(np.median(some.error[i])), some.block
            ),
            "median_error_of_peaks": interval(
                lambda i: float(np.median(some.peak_error[i])), some.block
            ),
            **_coverages(pull[chosen], some.block, at_68, at_95),
        }

    return {
        **measured(np.ones(len(real), bool)),
        "bins": [
            {"flux": list(edges), **measured(_within(real.flux, edges))}
            for edges in pairwise(FLUX_EDGES)
        ],
    }


def _coverages(
    pull: Floats, block: NDArray[np.integer], at_68: float, at_95: float
) -> dict[str, Any]:
    return {
        "coverage_68": _mean(pull <= at_68, block),
        "coverage_95": _mean(pull <= at_95, block),
    }


def _within(values: Floats, edges: tuple[float, float]) -> Bools:
    return (values >= edges[0]) & (values < edges[1])


def _mean(hits: Bools, block: NDArray[np.integer]) -> dict[str, float | None]:
    return interval(lambda i: float(hits[i].mean()), block)


def interval(
    statistic: Callable[[NDArray[np.intp]], float], blocks: NDArray[np.integer]
) -> dict[str, float | None]:
    """Return a statistic with the interval that resampling blocks gives it.

    Parameters
    ----------
    statistic : callable
        Of the indices of some rows, which may come more than once.
    blocks : (n,) ndarray of int
        The block that each row lies in; blocks are drawn as wholes.

    Returns
    -------
    dict
        ``value``, ``low`` and ``high``; None of nothing.
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


def scatter(error: Floats, flux: Floats) -> dict[str, Any]:
    """Return bias and width of fluxes in bins.

    Parameters
    ----------
    error : (n,) ndarray
        log10 of the measured over the true flux.
    flux : (n,) ndarray
        The true flux.

    Returns
    -------
    dict
        ``bright`` for those above `BRIGHT`, and ``bins``: each with ``n``, ``median``
        and ``width``, half of what lies between the 16 % and the 84 % quantile.
    """
    bins = [
        {"flux": list(edges), **_median_and_width(error[_within(flux, edges)])}
        for edges in pairwise(FLUX_EDGES)
    ]
    return {"bright": _median_and_width(error[flux > BRIGHT]), "bins": bins}


def half_width(error: Floats) -> float:
    """Return half of what lies between the 16 % and the 84 % quantile."""
    if not len(error):
        return float("nan")
    low, high = np.quantile(error, [0.16, 0.84])
    return float(high - low) / 2


def coverage(pull: Floats, at_68: float, at_95: float) -> dict[str, float | None]:
    """Return which shares of pulls lie within the two regions that are stated."""
    if not len(pull):
        return {"68": None, "95": None}
    return {"68": float((pull <= at_68).mean()), "95": float((pull <= at_95).mean())}


def area_under_curve(p_fake: Floats, fake: Bools) -> float:
    """Return the chance that a false peak has the higher P(fake); ties count half."""
    n, m = int(fake.sum()), int((~fake).sum())
    if not n or not m:
        return float("nan")
    ranks = rankdata(p_fake)
    return float((ranks[fake].sum() - n * (n + 1) / 2) / (n * m))


def roc(p_fake: Floats, fake: Bools) -> tuple[Floats, Floats]:
    """Return the shares of false peaks and of sources kept, by rising P(fake)."""
    order = np.argsort(p_fake, kind="stable")
    kept_fake = np.cumsum(fake[order]) / max(1, fake.sum())
    kept_real = np.cumsum(~fake[order]) / max(1, (~fake).sum())
    return np.r_[0.0, kept_fake], np.r_[0.0, kept_real]


def rates(kept: Bools, fake: Bools) -> Mapping[str, list[int]]:
    """Count what a cut keeps.

    Parameters
    ----------
    kept, fake : (n,) ndarray of bool
        Which peaks pass, and which are false.

    Returns
    -------
    dict
        ``false_before`` and ``false_after``: false peaks of all; ``sources_kept``:
        sources kept of all.  Each is hits, of.
    """
    return {
        "false_before": [int(fake.sum()), len(fake)],
        "false_after": [int((fake & kept).sum()), int(kept.sum())],
        "sources_kept": [int((~fake & kept).sum()), int((~fake).sum())],
    }


def reliability(p_fake: Floats, fake: Bools) -> list[dict[str, Any]]:
    """Return mean P(fake) and share of false peaks in bins of P(fake)."""
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
    """Return the mean distance of probabilities from shares.

    Over the bins of `reliability`, weighted with the number in each; NaN of nothing.
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
