"""Peaks of the trained detector on simulated skies, labelled with the true sources.

Photons are drawn before the detector runs, and a peak keeps the photons in which it was
found.  Peaks lie where chance has put some more photons.  A network that learned from
photons drawn anew afterwards would not see this: false peaks would look like plain
background, and faint sources as bright as they are.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from amphitrite.surveys.asid.bands import ALL_BANDS, BANDS, CUTOUT_BANDS, PEAK_BAND
from amphitrite.surveys.asid.interpret import peaks
from amphitrite.surveys.asid.learned import Detector
from amphitrite.surveys.asid.page import (
    COUNTS,
    CUTOUT_PIXELS,
    MASK_PIXELS,
    MATCH_DEGREES,
)
from amphitrite.surveys.asid.prepare.patches import Patch, depth, from_pixels
from amphitrite_training.evaluation.matching import match
from amphitrite_training.evaluation.rows import Rows
from amphitrite_training.surveys.asid.calibrate import PAPER_FLUX_EDGES
from amphitrite_training.surveys.asid.data import (
    SHARPER_TYPES,
    conditions,
    cut,
    patches,
)
from amphitrite_training.surveys.asid.heads.published import masks
from amphitrite_training.surveys.asid.recipe import SHIPPED
from amphitrite_training.surveys.asid.simulate import instrument
from amphitrite_training.surveys.asid.simulate.sky import (
    Expected,
    Sky,
    expect,
    relative_exposure,
)

Floats = NDArray[np.floating]

# Lower than every threshold but those of the softest bands alone.
LEAST_SCORE: Final = 0.05
# Nearer to a patch's edge than this (deg), the client takes another patch.
LEAST_DEPTH: Final = 0.5
_BATCH: Final = 8


@dataclass(frozen=True)
class LabelledPeaks(Rows):
    """Peaks that the detector found, each with its true source.

    Parameters
    ----------
    cutouts : (n, 20, 20, 3) ndarray of uint16
        Photons around the peak, see `amphitrite.surveys.asid.page.CUTOUTS`.
    auxiliary : (n, 5) ndarray of float32
        See `amphitrite.surveys.asid.page.AUXILIARY`.
    exposure : (n, 5) ndarray of float32
        At the patch's centre in each band, cm2 s.
    threshold : (n,) ndarray of float32
        The score that a detection exceeds with the bands of its patch.
    flux : (n,) ndarray of float32
        Photons/cm2/s from 1 to 100 GeV of the source within 0.3 deg, the brightest one
        that is not another peak's; NaN where there is none above the lowest of
        `amphitrite_training.surveys.asid.calibrate.PAPER_FLUX_EDGES`.
    offset : (n, 2) ndarray of float32
        From the peak to the source, deg, along the row, then along the column; see
        `amphitrite.surveys.asid.page.OFFSETS`; NaN where there is no source.
    lat : (n,) ndarray of float32
        Galactic latitude of the patch's centre, deg.
    block : (n,) ndarray of int32
        Number of sky and patch; peaks with the same one come from the same photons.
    """

    cutouts: NDArray[np.uint16]
    auxiliary: NDArray[np.float32]
    exposure: NDArray[np.float32]
    threshold: NDArray[np.float32]
    flux: NDArray[np.float32]
    offset: NDArray[np.float32]
    lat: NDArray[np.float32]
    block: NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.flux)

    @property
    def is_real(self) -> NDArray[np.bool_]:
        """Which peaks are true sources."""
        return np.isfinite(self.flux)

    @property
    def score(self) -> NDArray[np.float32]:
        """The response of each peak."""
        return self.auxiliary[:, 4]

    @property
    def is_detection(self) -> NDArray[np.bool_]:
        """Which peaks exceed the threshold of their bands."""
        return np.asarray(self.score > self.threshold)


def search(
    sky: Sky,
    seed: int,
    *,
    file: Path,
    detector: Detector,
    n_draws: int = 1,
    varied: bool = False,
    every: int = 1,
    present: str = ALL_BANDS,
) -> LabelledPeaks:
    """Return the labelled peaks of the detector on a sky.

    Parameters
    ----------
    sky : Sky
        The sky.
    seed : int
        Seed of all that is drawn, and the number of the sky in ``block``.
    file : Path
        The detector's ONNX file.
    detector : Detector
        Its learned values.
    n_draws : int
        How often the photons of each patch are drawn.
    varied : bool
        Give every second draw other bands, exposures or event types, or only a part of
        the patch, as in the detector's training; else all draws are of whole patches.
    every : int
        Take every n-th patch only.
    present : str
        1 for each of `amphitrite.surveys.asid.bands.BANDS` that is present, else 0;
        draws that are varied have bands of their own.

    Returns
    -------
    LabelledPeaks
        Patch by patch: a source in two patches has two peaks.
    """
    parts = []
    here = np.array(list(present)) == "1"
    work = _drawn(sky, seed, here, n_draws=n_draws, varied=varied, every=every)
    while some := list(islice(work, _BATCH)):
        found = masks(file, [drawn.counts for drawn in some])
        for mask, drawn in zip(found, some, strict=True):
            parts.append(_found(mask, drawn, detector))
    return LabelledPeaks.joined(parts)


@dataclass(frozen=True)
class _Drawn:
    """The photons of one patch, with its truth and its conditions."""

    counts: dict[str, NDArray[np.float32]]
    expected: Expected
    present: NDArray[np.bool_]
    exposure: Floats
    lat: float
    block: int


def _drawn(
    sky: Sky,
    seed: int,
    bands: NDArray[np.bool_],
    *,
    n_draws: int,
    varied: bool,
    every: int,
) -> Iterator[_Drawn]:
    mean = [instrument.band_exposure(band, years=sky.years) for band in BANDS]
    for number, patch in list(enumerate(patches()))[::every]:
        rng = np.random.default_rng([seed, 2, number])
        plain = expect(sky, patch)
        for draw in range(n_draws):
            present, deep, expected = bands, 1.0, plain
            cut_here = False
            if varied and draw % 2:
                present, deep = conditions(rng, SHIPPED)
                cut_here = rng.random() < SHIPPED.cut_footprints
                if rng.random() < SHIPPED.event_type_cuts:
                    types = SHARPER_TYPES[rng.integers(len(SHARPER_TYPES))]
                    expected = expect(sky, patch, event_types=types)
            images = [
                rng.poisson(image * deep * here).astype(np.float32)
                for image, here in zip(expected.counts, present, strict=True)
            ]
            if cut_here:
                images = cut(rng, images)
            yield _Drawn(
                {t.name: image for t, image in zip(COUNTS, images, strict=True)},
                expected,
                present,
                np.array(mean) * relative_exposure(patch) * deep,
                patch.lat,
                seed * 1_000 + number,
            )


def _found(mask: Floats, drawn: _Drawn, detector: Detector) -> LabelledPeaks:
    """Return the peaks of a mask with their cut-outs and true sources."""
    seen = peaks.find(mask, sigma=detector.sigma, floor=LEAST_SCORE)
    x, y = from_pixels(
        seen.row.astype(float), seen.column.astype(float), pixels=MASK_PIXELS
    )
    kept = peaks.suppress(
        Patch(0, 0).vectors(x, y), seen.score, radius_degrees=detector.radius_degrees
    )
    kept = kept[depth(x[kept], y[kept]) > LEAST_DEPTH]
    row, column, score = (a[kept] for a in (seen.row, seen.column, seen.score))
    cutouts = peaks.cutouts(
        drawn.counts, row, column, bands=CUTOUT_BANDS, pixels=CUTOUT_PIXELS
    )
    n = len(kept)
    coverage = {
        band: 1.0 for band, here in zip(BANDS, drawn.present, strict=True) if here
    }
    flux, offset = identify(x[kept], y[kept], drawn.expected)
    return LabelledPeaks(
        cutouts=np.minimum(cutouts, 65_535).astype(np.uint16),
        auxiliary=peaks.auxiliary(cutouts, row, column, score, peak_band=PEAK_BAND),
        exposure=np.tile(drawn.exposure.astype(np.float32), (n, 1)),
        threshold=np.full(n, detector.threshold(coverage), np.float32),
        flux=flux,
        offset=offset,
        lat=np.full(n, drawn.lat, np.float32),
        block=np.full(n, drawn.block, np.int32),
    )


def identify(
    x: Floats, y: Floats, expected: Expected
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the flux of the true source of each peak, and the offset to it.

    Parameters
    ----------
    x, y : (n,) ndarray
        Peaks in the patch's frame, deg.
    expected : Expected
        The patch's sources.  Each of them, the brightest first, takes the nearest peak
        within 0.3 deg that is free.

    Returns
    -------
    flux, offset : (n,) and (n, 2) ndarray of float32
        As in `LabelledPeaks`.
    """
    bright = np.flatnonzero(expected.flux >= PAPER_FLUX_EDGES[0])
    partners = match(
        np.stack([expected.x[bright], expected.y[bright]], axis=1),
        np.stack([x, y], axis=1),
        order=-expected.flux[bright],
        radius=MATCH_DEGREES,
    )
    sources, found = bright[partners >= 0], partners[partners >= 0]
    flux = np.full(len(x), np.nan, np.float32)
    offset = np.full((len(x), 2), np.nan, np.float32)
    flux[found] = expected.flux[sources]
    # x falls with the column, y grows with the row
    offset[found, 0] = x[found] - expected.x[sources]
    offset[found, 1] = expected.y[sources] - y[found]
    return flux, offset
