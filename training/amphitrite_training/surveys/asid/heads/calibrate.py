"""Calibrate the errors that a trained network states, on skies that it has not seen.

The errors are measured on detections above the detector's own threshold, which are
nearly the sources that the classifier keeps.  The measurements here are on the same
skies as the calibration; `amphitrite evaluate` measures on other skies.  The result is
put into the network, in the layer
`amphitrite_training.surveys.asid.heads.recipe.CALIBRATION`, or, where a client needs
it, into the spec.
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
"""Share of sources that the classifier's cut keeps beyond the detector's threshold.

A choice, made to lose no source on the whole; the card shows its effect.
"""
_BATCH: Final = 512


def predict(
    model: keras.Model, peaks: LabelledPeaks, what: What
) -> dict[str, NDArray[np.float32]]:
    """Return a network's outputs for all peaks, by name."""
    parts: list[dict[str, Any]] = []
    for start in range(0, len(peaks), _BATCH):
        some = peaks.where(np.arange(start, min(start + _BATCH, len(peaks))))
        given = inputs(some, what)
        parts.append(model.predict_on_batch({k: given[k] for k in model.input}))
    return {
        name: np.concatenate([np.asarray(part[name]) for part in parts])
        for name in parts[0]
    }


def calibrate_flux(
    model: keras.Model, peaks: LabelledPeaks
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Scale the variances so that one standard deviation holds 68 % of the sources.

    Parameters
    ----------
    model : keras.Model
        The trained network; its calibration is set in place.
    peaks : LabelledPeaks
        Of validation skies.

    Returns
    -------
    learned : dict
        ``flux_variance_factor``, which the graph already applies; ``flux_error``, the
        curve of `flux_error` from ``stated`` to ``true`` standard deviations, since no
        single factor fits all of them; and ``flux_sigma_95``, the number of true
        standard deviations that hold 95 %.
    measured : dict
        Scatter and coverage, on the same peaks as the calibration.
    """
    peaks = peaks.where(peaks.is_detection & peaks.is_real)
    answer = predict(model, peaks, "flux")
    error = answer["log10_flux"] - np.log10(peaks.flux)
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
        **scatter(error, peaks.flux),
        "coverage": coverage(
            np.abs(error) / sigma, GAUSSIAN_68, learned["flux_sigma_95"]
        ),
    }
    return learned, {"validation": measured}


def flux_error(error: Floats, sigma: Floats) -> dict[str, list[float]]:
    """Return true against predicted standard deviations of log10 flux, as a curve.

    Parameters
    ----------
    error, sigma : (n,) ndarray
        Absolute errors and predicted standard deviations of log10 of the flux.

    Returns
    -------
    dict
        ``stated``, rising: the mean predicted standard deviations of ten groups of
        equal size; ``true``: the standard deviations that would hold 68 % of the errors
        of each group.
    """
    tenths = np.array_split(np.argsort(sigma, kind="stable"), 10)
    stated = [float(sigma[some].mean()) for some in tenths]
    held = [np.quantile(error[some] / sigma[some], 0.68) for some in tenths]
    true = [float(s * h / GAUSSIAN_68) for s, h in zip(stated, held, strict=True)]
    return {"stated": stated, "true": true}


def flux_systematic(
    model: keras.Model, skies: Mapping[str, LabelledPeaks]
) -> dict[str, dict[str, list[float]]]:
    """Return the shifts of measured fluxes between models of the diffuse emission.

    Parameters
    ----------
    model : keras.Model
        The trained network.
    skies : mapping of str to LabelledPeaks
        By variant of the diffuse emission: the peaks of the same sources.

    Returns
    -------
    dict
        For ``plane``, within `amphitrite.surveys.asid.learned.PLANE_DEGREES` of the
        Galactic plane, and ``off_plane``: ``log10_flux``, rising, and ``dex``, the
        largest distance of a variant's median error from the mean over all variants,
        including the effect of photon noise.  Bins of few sources are left out, and so
        is a part without any other bin.
    """
    fluxes, errors, in_plane = {}, {}, {}
    for variant, peaks in skies.items():
        real = peaks.where(peaks.is_detection & peaks.is_real)
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
    model: keras.Model, peaks: LabelledPeaks
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Scale the variances so that the 68 % circle holds 68 % of the sources.

    Parameters
    ----------
    model, peaks
        As for `calibrate_flux`.

    Returns
    -------
    learned : dict
        ``radius_68`` and ``radius_95``: the circles that hold 68 % and 95 % in units of
        the root of the mean of both variances; and ``offset_variance_factor``,
        which the graph already applies.
    measured : dict
        Median error before and after, and coverage.
    """
    peaks = peaks.where(peaks.is_detection & peaks.is_real)
    answer = predict(model, peaks, "offset")
    error = np.hypot(*(answer["offset"] - peaks.offset).T)
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
        "n": len(peaks),
        "median_error_of_peaks": float(np.median(np.hypot(*peaks.offset.T))),
        "median_error": float(np.median(error)),
        "coverage": coverage(error / sigma, learned["radius_68"], learned["radius_95"]),
    }
    return learned, {"validation": measured}


def calibrate_classifier(
    model: keras.Model,
    peaks: LabelledPeaks,
    by_bands: Mapping[str, LabelledPeaks],
    *,
    candidate_score: float,
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Calibrate P(fake), and choose the highest P(fake) of a source.

    Parameters
    ----------
    model : keras.Model
        The trained network; its calibration is set in place.
    peaks : LabelledPeaks
        Peaks of validation skies, including those below the detector's threshold, the
        place of which the classifier's cut takes.
    by_bands : mapping of str to LabelledPeaks
        Peaks of some patches, by the bands that are present.
    candidate_score : float
        Peaks with a higher score are judged.

    Returns
    -------
    learned : dict
        ``fake_thresholds``: the highest P(fake) of a source, by the bands that are
        present (see `cut`), without the sets of bands that give few sources;
        ``candidate_score``; ``platt``, slope and intercept [1]_ of the logits, which
        the graph already applies.
    measured : dict
        Area under the ROC curve, also that of the score alone; rates of the cut and of
        the detector's threshold; calibration error.

    References
    ----------
    .. [1] Platt 1999, Advances in Large Margin Classifiers, 61
    """
    peaks = peaks.where(peaks.score > candidate_score)
    fake = ~peaks.is_real
    logit = predict(model, peaks, "fake")["fake_logit"].astype(float)
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
    thresholds[ALL_BANDS] = threshold = cut(p, peaks)
    learned = {
        "candidate_score": candidate_score,
        "fake_thresholds": thresholds,
        "platt": [slope, intercept],
    }
    measured = {
        "n": len(peaks),
        "area_under_curve": area_under_curve(p, fake),
        "score_s_area_under_curve": area_under_curve(-peaks.score, fake),
        "cut": rates(p <= threshold, fake),
        "detector_s_threshold": rates(peaks.is_detection, fake),
        "calibration_error": {
            "before": expected_calibration_error(
                1 / (1 + np.exp(-logit)), fake, RELIABILITY_EDGES
            ),
            "after": expected_calibration_error(p, fake, RELIABILITY_EDGES),
        },
    }
    return learned, {"validation": measured}


def cut(p_fake: Floats, peaks: LabelledPeaks) -> float:
    """Return the highest P(fake) at which a peak is kept as a source.

    The choice of Youden's J or, where the detector's own threshold keeps more sources,
    the value that keeps `SLACK` more of them than that threshold, so that the
    classifier loses no source on the whole.

    Parameters
    ----------
    p_fake : (n,) ndarray
        P(fake) of each peak.
    peaks : LabelledPeaks
        The peaks, at least one of them a true source.
    """
    real = peaks.is_real
    kept = min(float(peaks.is_detection[real].mean()) + SLACK, 1.0)
    least = float(np.quantile(p_fake[real], kept))
    best = 0.0 if real.all() else youden(p_fake, ~real)
    return round(max(best, least), 3)


def platt(logit: Floats, fake: NDArray[np.bool_]) -> tuple[float, float]:
    """Return slope and intercept that calibrate logits as probabilities of a fake."""

    def loss(values: Floats) -> float:
        z = values[0] * logit + values[1]
        return float(np.mean(np.logaddexp(0, z) - fake * z))

    slope, intercept = minimize(loss, [1.0, 0.0], method="Nelder-Mead").x
    return float(slope), float(intercept)


def youden(p_fake: Floats, fake: NDArray[np.bool_]) -> float:
    """Return the P(fake) that best separates sources from false peaks.

    It has the largest difference between the shares of sources and of false peaks that
    do not exceed it (Youden 1950, Cancer 3, 32).
    """
    tried = np.unique(np.round(p_fake, 3))
    parted = [
        (p_fake[~fake] <= each).mean() - (p_fake[fake] <= each).mean() for each in tried
    ]
    return float(tried[int(np.argmax(parted))])


def _set_variance(model: keras.Model, factor_of_sigma: float) -> float:
    """Scale the standard deviations in the graph; return the factor of the variance."""
    layer = model.get_layer(CALIBRATION)
    (kernel,) = layer.get_weights()
    layer.set_weights([kernel * factor_of_sigma**2])
    return factor_of_sigma**2
