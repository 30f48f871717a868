"""Measurements of flux, classifier and location on candidates of known nature.

The functions take arrays and return JSON types, with 95 % intervals from resampling
blocks of the sky.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from amphitrite_training.evaluation.rows import Rows
from amphitrite_training.evaluation.statistics import (
    GAUSSIAN_68,
    area_under_curve,
    expected_calibration_error,
    half_width,
    interval,
    median_and_width,
    reliability,
    share,
)

Bools = NDArray[np.bool_]

Floats = NDArray[np.floating]

BRIGHT: Final = 1e-9
"""Sources above this flux, photons/cm2/s above 1 GeV, are the bright ones."""

COARSE_FLUX_EDGES: Final = (6.95e-11, 2.34e-10, 4.28e-10, 1e-9, 3e-9, 1e-8, 1e-4)
RELIABILITY_EDGES: Final = (0.0, 0.01, 0.03, 0.1, 0.3, 0.6, 1.0001)
# Bins with fewer sources are marked on the card, and not used for calibration.
LEAST_SOURCES: Final = 30


@dataclass(frozen=True)
class Described(Rows):
    """Candidates of known nature, with the networks' answers.

    Parameters
    ----------
    flux : (n,) ndarray
        True flux, photons/cm2/s above 1 GeV; NaN of a false one.
    log10_flux, flux_sigma : (n,) ndarray
        Predicted log10 of the flux, and its standard deviation.
    p_fake : (n,) ndarray
        Probability of being a fluctuation.
    detected : (n,) ndarray of bool
        Whether the score exceeds the detector's own threshold.
    error : (n,) ndarray
        Distance of the network's position from the true source, deg; NaN of a false
        one.
    peak_error : (n,) ndarray
        Distance of the peak from the true source, deg; NaN of a false one.
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
        """Which candidates are false."""
        return np.isnan(self.flux)


def summary(
    found: Described,
    threshold: float,
    *,
    flux_95: float = 1.96,
    radius_68: float = 1.5096,
    radius_95: float = 2.4477,
) -> dict[str, Any]:
    """Return the measurements of the three networks (JSON types).

    Parameters
    ----------
    found : Described
        All candidates, before the classifier's cut.
    threshold : float
        The highest P(fake) of a source.
    flux_95, radius_68, radius_95 : float
        Extent of the stated regions in standard deviations; the 68 % interval of a flux
        is one standard deviation.

    Returns
    -------
    dict
        ``classifier``: ``threshold``, ``area_under_curve``; ``false_share_before`` and
        ``false_share_after``, the share of false ones among all candidates and among
        those that pass the cut, and ``false_share_of_detector``, the same above the
        detector's own threshold; ``fakes_kept`` and ``sources_kept``, the shares of the
        false and of the true candidates that pass, and ``sources_of_detector``, the
        share of the true ones above that threshold; ``reliability``;
        ``calibration_error``.
        ``flux``, of the sources that pass: ``bright``, those above `BRIGHT`, and
        ``bins``, each with ``n``, ``median`` and ``width`` of log10 of the measured
        over the true flux, ``coverage_68`` and ``coverage_95``; and both coverages of
        all sources.
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
        "false_share_before": share(fake, found.block),
        "false_share_after": share(fake[passes], found.block[passes]),
        "false_share_of_detector": share(
            fake[found.detected], found.block[found.detected]
        ),
        "fakes_kept": share(passes[fake], found.block[fake]),
        "sources_kept": share(passes[~fake], found.block[~fake]),
        "sources_of_detector": share(found.detected[~fake], found.block[~fake]),
        "reliability": _reliability(p, fake),
        "calibration_error": interval(
            lambda i: expected_calibration_error(p[i], fake[i], RELIABILITY_EDGES),
            found.block,
        ),
    }


def _reliability(p_fake: Floats, fake: Bools) -> list[dict[str, Any]]:
    """Return mean P(fake) and number of false candidates in bins of P(fake)."""
    return [
        {
            "p_fake": [each.low, each.high],
            "n": each.counted.n,
            "mean": each.mean if each.counted.n else None,
            "fake": each.counted.n_hits,
        }
        for each in reliability(p_fake, fake, RELIABILITY_EDGES)
    ]


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
            for edges in pairwise(COARSE_FLUX_EDGES)
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
            for edges in pairwise(COARSE_FLUX_EDGES)
        ],
    }


def _coverages(
    pull: Floats, block: NDArray[np.integer], at_68: float, at_95: float
) -> dict[str, Any]:
    return {
        "coverage_68": share(pull <= at_68, block),
        "coverage_95": share(pull <= at_95, block),
    }


def _within(values: Floats, edges: tuple[float, float]) -> Bools:
    return (values >= edges[0]) & (values < edges[1])


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
        and ``width``, half of the interval between the 16 % and the 84 % quantile.
    """
    bins = [
        {"flux": list(edges), **median_and_width(error[_within(flux, edges)])}
        for edges in pairwise(COARSE_FLUX_EDGES)
    ]
    return {"bright": median_and_width(error[flux > BRIGHT]), "bins": bins}
