"""Set what a trained network states of its own errors, on skies that it has not seen.

Errors are those of detections by the detector's own threshold, which are nearly those
that the classifier leaves.  What is measured here is measured on what was learned from;
`amphitrite evaluate` measures on other skies.  What is learned goes into the network
(the layer `amphitrite_training.surveys.asid.heads.recipe.CALIBRATION`) or, where a
client needs it, into the spec.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from amphitrite.surveys.asid.bands import ALL_BANDS
from amphitrite.surveys.asid.learned import PLANE_DEGREES
from amphitrite_training.evaluation.statistics import (
    GAUSSIAN_68,
    area_under_curve,
    coverage,
    expected_calibration_error,
    rates,
)
from amphitrite_training.surveys.asid.heads.data import What, inputs
from amphitrite_training.surveys.asid.heads.labelled_peaks import LabelledPeaks
from amphitrite_training.surveys.asid.heads.measures import (
    COARSE_FLUX_EDGES,
    LEAST_SOURCES,
    RELIABILITY_EDGES,
    scatter,
)
from amphitrite_training.surveys.asid.heads.recipe import CALIBRATION

if TYPE_CHECKING:
    import keras


Floats = NDArray[np.floating]

CIRCLE_68: Final = 1.5096  # standard deviations that hold 68 % of two dimensions
SLACK: Final = 0.004
"""How many more sources than the detector's threshold the classifier's cut keeps.

A choice, on the side of losing none: the card says what it does.
"""
_BATCH: Final = 512


def predict(
    model: keras.Model, finds: LabelledPeaks, what: What
) -> dict[str, NDArray[np.float32]]:
    """Return a network's outputs for all finds."""
    parts: list[dict[str, Any]] = []
    for start in range(0, len(finds), _BATCH):
        some = finds.where(np.arange(start, min(start + _BATCH, len(finds))))
        given = inputs(some, what)
        parts.append(model.predict_on_batch({k: given[k] for k in model.input}))
    return {
        name: np.concatenate([np.asarray(part[name]) for part in parts])
        for name in parts[0]
    }


def calibrate_flux(
    model: keras.Model, finds: LabelledPeaks
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Scale the variances so that one standard deviation holds what it states.

    Parameters
    ----------
    model : keras.Model
        The trained network; its calibration is set in place.
    finds : Finds
        Of validation skies.

    Returns
    -------
    learned : dict
        ``flux_variance_factor``, which is in the graph already; ``flux_error``,
        standard deviations as the network then says them, ``stated``, and what they
        are, ``true``, since one factor does not suit all; and ``flux_sigma_95``, how
        many of the latter hold 95 %.
    measured : dict
        Scatter and coverage; on the same finds that the factor was learned on.
    """
    finds = finds.where(finds.is_detection & finds.is_real)
    answer = predict(model, finds, "flux")
    error = answer["log10_flux"] - np.log10(finds.flux)
    sigma = np.sqrt(answer["flux_variance"].sum(axis=-1))
    at_68 = np.quantile(np.abs(error) / sigma, 0.68)
    factor = _set_variance(model, float(at_68 / GAUSSIAN_68))
    sigma = sigma * np.sqrt(factor)
    curve = flux_error(np.abs(error), sigma)
    stated, true = curve.values()
    sigma = sigma * np.interp(sigma, stated, np.divide(true, stated))
    at_95 = np.quantile(np.abs(error) / sigma, 0.95)
    learned = {
        "flux_variance_factor": factor,
        "flux_error": curve,
        "flux_sigma_95": float(at_95),
    }
    measured = {
        **scatter(error, finds.flux),
        "coverage": coverage(
            np.abs(error) / sigma, GAUSSIAN_68, learned["flux_sigma_95"]
        ),
    }
    return learned, {"validation": measured}


def flux_error(error: Floats, sigma: Floats) -> dict[str, list[float]]:
    """Return what stated standard deviations are in truth.

    Parameters
    ----------
    error, sigma : (n,) ndarray
        How far a value is off, and the standard deviation that was stated.

    Returns
    -------
    dict
        ``stated``, rising, the means of tenths of all; and ``true``, what would hold
        68 % of each tenth.
    """
    tenths = np.array_split(np.argsort(sigma, kind="stable"), 10)
    stated = [float(sigma[some].mean()) for some in tenths]
    held = [np.quantile(error[some] / sigma[some], 0.68) for some in tenths]
    true = [float(s * h / GAUSSIAN_68) for s, h in zip(stated, held, strict=True)]
    return {"stated": stated, "true": true}


def flux_systematic(
    model: keras.Model, skies: Mapping[str, LabelledPeaks]
) -> dict[str, dict[str, list[float]]]:
    """Return how far models of the diffuse light move the flux of the same sources.

    Parameters
    ----------
    model : keras.Model
        The trained network.
    skies : mapping of str to Finds
        By variant of the diffuse light: what is found of the same sources.

    Returns
    -------
    dict
        For ``plane``, within `amphitrite.surveys.asid.learned.PLANE_DEGREES` of the
        Galactic plane, and ``off_plane``: ``log10_flux``, rising, and ``dex``, the
        largest distance of a variant's median error from the mean of all variants'
        there, that by the chance of photons included.  Bins of few sources are left
        out, and a part without any.
    """
    fluxes, errors, in_plane = {}, {}, {}
    for variant, finds in skies.items():
        real = finds.where(finds.is_detection & finds.is_real)
        fluxes[variant] = np.log10(real.flux)
        errors[variant] = predict(model, real, "flux")["log10_flux"] - fluxes[variant]
        in_plane[variant] = np.abs(real.lat) < PLANE_DEGREES
    parts = {
        part: _shifts(
            {variant: fluxes[variant][in_plane[variant] == here] for variant in skies},
            {variant: errors[variant][in_plane[variant] == here] for variant in skies},
        )
        for part, here in (("plane", True), ("off_plane", False))
    }
    return {part: curve for part, curve in parts.items() if curve["dex"]}


def _shifts(
    fluxes: Mapping[str, Floats], errors: Mapping[str, Floats]
) -> dict[str, list[float]]:
    """Return the largest shift of the median error of any variant, in bins of flux."""
    middle, dex = [], []
    for edges in pairwise(np.log10(COARSE_FLUX_EDGES)):
        chosen = {v: (f >= edges[0]) & (f < edges[1]) for v, f in fluxes.items()}
        if min(each.sum() for each in chosen.values()) < LEAST_SOURCES:
            continue
        medians = np.array([np.median(errors[v][chosen[v]]) for v in fluxes])
        middle.append(float(np.mean([fluxes[v][chosen[v]].mean() for v in fluxes])))
        dex.append(float(np.abs(medians - medians.mean()).max()))
    return {"log10_flux": middle, "dex": dex}


def calibrate_location(
    model: keras.Model, finds: LabelledPeaks
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Scale the variances so that the circle of 68 % holds what it states.

    Parameters
    ----------
    model, finds
        As for `calibrate_flux`.

    Returns
    -------
    learned : dict
        ``radius_68`` and ``radius_95``: the circles that hold 68 % and 95 % in units of
        the root of the mean of both variances; and ``offset_variance_factor``,
        which is in the graph already.
    measured : dict
        Median error before and after, and coverage.
    """
    finds = finds.where(finds.is_detection & finds.is_real)
    answer = predict(model, finds, "offset")
    error = np.hypot(*(answer["offset"] - finds.offset).T)
    sigma = np.sqrt(answer["offset_variance"].sum(axis=1).mean(axis=-1))
    at_68, at_95 = np.quantile(error / sigma, [0.68, 0.95])
    factor = _set_variance(model, float(at_68 / CIRCLE_68))
    sigma = sigma * np.sqrt(factor)
    learned = {
        "offset_variance_factor": factor,
        "radius_68": CIRCLE_68,
        "radius_95": float(CIRCLE_68 * at_95 / at_68),
    }
    measured = {
        "n": len(finds),
        "median_error_of_peaks": float(np.median(np.hypot(*finds.offset.T))),
        "median_error": float(np.median(error)),
        "coverage": coverage(error / sigma, learned["radius_68"], learned["radius_95"]),
    }
    return learned, {"validation": measured}


def calibrate_classifier(
    model: keras.Model,
    finds: LabelledPeaks,
    by_bands: Mapping[str, LabelledPeaks],
    *,
    candidate_score: float,
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Make the probabilities hold, and choose which of them is a source's.

    Parameters
    ----------
    model : keras.Model
        The trained network; its calibration is set in place.
    finds : Finds
        Of validation skies, those too that are no detections: the classifier's cut
        takes the place of the detector's threshold.
    by_bands : mapping of str to Finds
        Of some patches, by the bands that there are.
    candidate_score : float
        Peaks with a higher score are judged.

    Returns
    -------
    learned : dict
        ``fake_thresholds``: what a source's P(fake) does not exceed, by the bands that
        there are, see `cut`; bands with which
        few sources are found are left out;
        ``candidate_score``; ``platt``, slope and intercept [1]_ of the logits, which
        are in the graph.
    measured : dict
        Area under the ROC curve, also that of the score alone; rates of the cut and of
        the detector's threshold; calibration error.

    References
    ----------
    .. [1] Platt 1999, Advances in Large Margin Classifiers, 61
    """
    finds = finds.where(finds.score > candidate_score)
    fake = ~finds.is_real
    logit = predict(model, finds, "fake")["fake_logit"].astype(float)
    slope, intercept = platt(logit, fake)
    layer = model.get_layer(CALIBRATION)
    (kernel, bias) = layer.get_weights()
    layer.set_weights([kernel * slope, bias * slope + intercept])
    p = 1 / (1 + np.exp(-slope * logit - intercept))
    thresholds = {}
    for present, some in by_bands.items():
        some = some.where(some.score > candidate_score)
        if some.is_real.sum() < LEAST_SOURCES:
            continue
        thresholds[present] = cut(predict(model, some, "fake")["p_fake"], some)
    thresholds[ALL_BANDS] = threshold = cut(p, finds)
    learned = {
        "candidate_score": candidate_score,
        "fake_thresholds": thresholds,
        "platt": [slope, intercept],
    }
    measured = {
        "n": len(finds),
        "area_under_curve": area_under_curve(p, fake),
        "score_s_area_under_curve": area_under_curve(-finds.score, fake),
        "cut": rates(p <= threshold, fake),
        "detector_s_threshold": rates(finds.is_detection, fake),
        "calibration_error": {
            "before": expected_calibration_error(
                1 / (1 + np.exp(-logit)), fake, RELIABILITY_EDGES
            ),
            "after": expected_calibration_error(p, fake, RELIABILITY_EDGES),
        },
    }
    return learned, {"validation": measured}


def cut(p_fake: Floats, finds: LabelledPeaks) -> float:
    """Return up to which P(fake) a peak is kept as a source.

    That of Youden's J, or, where the detector's own threshold keeps more sources, one
    that keeps 0.4 % more of them than that, so that the classifier loses none on the
    whole.

    Parameters
    ----------
    p_fake : (n,) ndarray
        Probability of each find.
    finds : Finds
        Some of them sources, and some not.
    """
    real = finds.is_real
    kept = min(float(finds.is_detection[real].mean()) + SLACK, 1.0)
    least = float(np.quantile(p_fake[real], kept))
    best = 0.0 if real.all() else youden(p_fake, ~real)
    return round(max(best, least), 3)


def platt(logit: Floats, fake: NDArray[np.bool_]) -> tuple[float, float]:
    """Return slope and intercept of logits that make probabilities hold."""

    def loss(values: Floats) -> float:
        z = values[0] * logit + values[1]
        return float(np.mean(np.logaddexp(0, z) - fake * z))

    slope, intercept = minimize(loss, [1.0, 0.0], method="Nelder-Mead").x
    return float(slope), float(intercept)


def youden(p_fake: Floats, fake: NDArray[np.bool_]) -> float:
    """Return the probability at which sources and false peaks part best.

    That with the largest difference between the shares of sources and of false peaks
    below it (Youden 1950, Cancer 3, 32).
    """
    tried = np.unique(np.round(p_fake, 3))
    parted = [
        (p_fake[~fake] <= each).mean() - (p_fake[fake] <= each).mean() for each in tried
    ]
    return float(tried[int(np.argmax(parted))])


def _set_variance(model: keras.Model, factor_of_sigma: float) -> float:
    """Put a factor into the graph; return it as one of the variance."""
    layer = model.get_layer(CALIBRATION)
    (kernel,) = layer.get_weights()
    layer.set_weights([kernel * factor_of_sigma**2])
    return factor_of_sigma**2
