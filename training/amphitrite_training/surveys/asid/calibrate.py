"""Choose the thresholds of a trained detector on validation skies.

The score that a true source reaches depends on the bands that are present: with fewer
bands the network is less certain.  Every set of bands therefore has a threshold of its
own, the lowest at which the wanted share of the detections is real.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from amphitrite.surveys.asid.bands import BANDS
from amphitrite.surveys.asid.interpret import peaks
from amphitrite.surveys.asid.page import COUNTS, MASK_PIXELS, MATCH_DEGREES
from amphitrite.surveys.asid.prepare.patches import Patch, depth, from_pixels
from amphitrite_training.evaluation.matching import Share, match, shares_by_bin
from amphitrite_training.surveys.asid.data import Batches, Skies
from amphitrite_training.surveys.asid.recipe import Recipe

if TYPE_CHECKING:
    import keras


# The paper's bins: lower edges, photons/cm2/s above 1 GeV (Panes et al. 2021).
PAPER_FLUX_EDGES: Final = (
    6.95e-11, 1.27e-10, 2.34e-10, 4.28e-10, 7.85e-10,
    1.44e-9, 2.64e-9, 4.83e-9, 8.84e-9, 1.62e-8, 2.98e-8, 1e-4,
)  # fmt: skip
HIGH_LATITUDE: Final = 20.0  # deg
PEAK_FLOOR: Final = 0.02
PURITY: Final = 0.96
# Nearer to a patch's edge than this (deg), a source lies deeper in another patch.
_MARGIN: Final = 0.7
_SCORES: Final = tuple(round(0.03 + 0.01 * i, 2) for i in range(48))
_BATCH: Final = 8


@dataclass(frozen=True)
class PatchPeaks:
    """The peaks of one patch before a threshold, and its true sources.

    Parameters
    ----------
    x, y, score : (n,) ndarray
        Peaks after suppression, deg and response.
    truth : (m, 3) ndarray
        x, y (deg) and flux of the sources above the lowest of
        `PAPER_FLUX_EDGES`.
    """

    x: NDArray[np.floating]
    y: NDArray[np.floating]
    score: NDArray[np.floating]
    truth: NDArray[np.floating]


def calibrate(
    model: keras.Model, recipe: Recipe, skies: Skies
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the detector's thresholds, and its measured purity and completeness.

    Parameters
    ----------
    model : keras.Model
        The trained network.
    recipe : Recipe
        What it was trained with.
    skies : Skies
        Skies that it was not trained on.

    Returns
    -------
    learned : dict
        ``thresholds`` by set of bands, a string of 0 and 1 in the order of
        `amphitrite.surveys.asid.bands.BANDS`; and the parameters of
        the peak finder.
    measured : dict
        Purity and completeness with all bands.
    """
    thresholds = {}
    measured: dict[str, Any] = {}
    for present in product((1, 0), repeat=len(BANDS)):
        if not any(present):
            continue
        found = detect(model, recipe, skies, present)
        name = "".join(map(str, present))
        thresholds[name] = threshold(found, skies.lat)
        if all(present):
            measured = summary(found, skies.lat, thresholds[name])
    learned = {
        "disc_radius_pixels": recipe.disc_radius_pixels,
        "log_sigma_pixels": recipe.log_sigma_pixels,
        "suppression_degrees": recipe.suppression_degrees,
        "peak_floor": PEAK_FLOOR,
        "thresholds": thresholds,
    }
    return learned, {"validation": measured}


def detect(
    model: keras.Model, recipe: Recipe, skies: Skies, present: Sequence[int]
) -> list[PatchPeaks]:
    """Return the peaks of every patch, given some of the bands.

    Parameters
    ----------
    model : keras.Model
        The network.
    recipe : Recipe
        Its ``log_sigma_pixels`` and ``suppression_degrees`` are used.
    skies : Skies
        The patches.
    present : sequence of int
        1 for each of `amphitrite.surveys.asid.bands.BANDS` that is given, 0 for one
        whose counts are set to zero.
    """
    batches = Batches(skies, replace(recipe, batch_size=_BATCH), vary=False)
    found = []
    for index in range(len(batches)):
        images, _ = batches.batch(0, index)
        for tensor, here in zip(COUNTS, present, strict=True):
            if not here:
                images[tensor.name] = np.zeros_like(images[tensor.name])
        masks = model.predict_on_batch(images)["mask"]
        for offset, mask in enumerate(masks):
            found.append(
                _detected(mask, skies.sources[index * _BATCH + offset], recipe)
            )
    return found


def _detected(
    mask: NDArray[np.floating], sources: NDArray[np.floating], recipe: Recipe
) -> PatchPeaks:
    seen = peaks.find(mask, sigma=recipe.log_sigma_pixels, floor=PEAK_FLOOR)
    x, y = from_pixels(seen.row, seen.column, pixels=MASK_PIXELS)
    kept = peaks.suppress(
        Patch(0, 0).vectors(x, y),
        seen.score,
        radius_degrees=recipe.suppression_degrees,
    )
    truth = sources[sources[:, 2] >= PAPER_FLUX_EDGES[0], :3]
    return PatchPeaks(x[kept], y[kept], seen.score[kept], truth)


def threshold(found: Sequence[PatchPeaks], lat: NDArray[np.floating]) -> float:
    """Return the lowest threshold with the wanted purity at high latitudes.

    Parameters
    ----------
    found : sequence of PatchPeaks
        One per patch.
    lat : (n_patches,) ndarray
        Galactic latitudes, deg; patches within `HIGH_LATITUDE` of the plane are left
        out.

    Returns
    -------
    float
        The highest threshold that is tried where none reaches that purity.
    """
    high = [f for f, b in zip(found, lat, strict=True) if abs(b) > HIGH_LATITUDE]
    for score in _SCORES:
        if _counted(high, score)[0].value >= PURITY:
            return score
    return _SCORES[-1]


def summary(
    found: Sequence[PatchPeaks], lat: NDArray[np.floating], score: float
) -> Mapping[str, Any]:
    """Return purity and completeness at high latitudes and everywhere (JSON types)."""
    high = [f for f, b in zip(found, lat, strict=True) if abs(b) > HIGH_LATITUDE]
    result: dict[str, Any] = {"threshold": score}
    for name, some in (("high_latitude", high), ("all_sky", list(found))):
        purity, complete = _counted(some, score)
        result[name] = {
            "purity": [purity.n_hits, purity.n],
            "completeness": [[share.n_hits, share.n] for share in complete],
        }
    return result


def _counted(found: Sequence[PatchPeaks], score: float) -> tuple[Share, list[Share]]:
    """Match detections with the truth; those near a patch's edge do not count."""
    real, hits, fluxes = [], [], []
    for patch in found:
        kept = patch.score > score
        xy = np.stack([patch.x[kept], patch.y[kept]], axis=1)
        partners = match(
            patch.truth[:, :2], xy, order=-patch.truth[:, 2], radius=MATCH_DEGREES
        )
        matched = np.isin(np.arange(len(xy)), partners)
        real.append(matched[depth(xy[:, 0], xy[:, 1]) > _MARGIN])
        inner = depth(patch.truth[:, 0], patch.truth[:, 1]) > _MARGIN
        hits.append((partners >= 0)[inner])
        fluxes.append(patch.truth[inner, 2])
    reals = np.concatenate(real)
    complete = shares_by_bin(
        np.concatenate(hits), np.concatenate(fluxes), PAPER_FLUX_EDGES
    )
    return Share(int(reals.sum()), len(reals)), complete
