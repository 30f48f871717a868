"""Detections: peaks of all patches on the sky, and the sources that they stand for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from amphitrite.surveys.asid.bands import EXPOSURE_WEIGHTS
from amphitrite.surveys.asid.interpret.descriptions import FIELDS, undescribed
from amphitrite.surveys.asid.interpret.peaks import suppress
from amphitrite.surveys.asid.page import MASK_PIXELS
from amphitrite.surveys.asid.prepare.observation import Observation
from amphitrite.surveys.asid.prepare.patches import Patch, depth, from_pixels
from amphitrite.surveys.asid.prepare.photons import Footprint
from amphitrite.surveys.asid.prepare.tiling import centres, deepest

# A source on the line where two patches show it equally deep may be placed by each on
# the other's side of it; this much leaves it to either.
_DEPTH_SLACK: Final = 0.2
# What `describe` keeps, but for the offset, which goes into the place of the source.
_DESCRIBED: Final = tuple(name for name in FIELDS if name != "offset")
_NO_PEAK: Final = {
    **{name: np.zeros(0, np.float32) for name in ("row", "column", "score")},
    **undescribed(0),
    "many": np.array(False),
}


@dataclass(frozen=True)
class Detections:
    """Peaks of all patches, on the sky.

    Parameters
    ----------
    vectors : (n, 3) ndarray of float64
        Galactic unit vectors of the peaks.
    sources : (n, 3) ndarray of float64
        Where the networks place the sources; the same where none was asked.
    score : (n,) ndarray of float32
        Response.
    patch : (n,) ndarray of int32
        Number of the patch in `amphitrite.surveys.asid.prepare.tiling.centres`.
    depth : (n,) ndarray of float64
        How far inside that patch, deg.
    many : (n,) ndarray of bool
        Whether the patch had more peaks than the server lists.
    log10_flux, flux_variance, p_fake, offset_variance : (n,) ndarray of float32
        See `amphitrite.surveys.asid.interpret.descriptions.describe`; NaN where no
        network was asked.
    """

    vectors: NDArray[np.float64]
    sources: NDArray[np.float64]
    score: NDArray[np.float32]
    patch: NDArray[np.int32]
    depth: NDArray[np.float64]
    many: NDArray[np.bool_]
    log10_flux: NDArray[np.floating]
    flux_variance: NDArray[np.floating]
    p_fake: NDArray[np.floating]
    offset_variance: NDArray[np.floating]

    def __len__(self) -> int:
        return len(self.score)

    def __getitem__(self, chosen: NDArray[Any]) -> Detections:
        return Detections(*(getattr(self, each.name)[chosen] for each in fields(self)))

    @classmethod
    def collect(cls, records: Mapping[int, Mapping[str, NDArray[Any]]]) -> Detections:
        """Bring the peaks of patches, given by number, to the sky."""
        patches = centres()
        parts = [_on_sky(patches[n], n, record) for n, record in records.items()]
        parts.append(_on_sky(patches[0], 0, _NO_PEAK))
        return cls(*(np.concatenate(values) for values in zip(*parts, strict=True)))


def _on_sky(
    patch: Patch, number: int, record: Mapping[str, NDArray[Any]]
) -> tuple[NDArray[Any], ...]:
    """Return the fields of `Detections` for the peaks of one patch."""
    x, y = from_pixels(
        record["row"].astype(np.float64),
        record["column"].astype(np.float64),
        pixels=MASK_PIXELS,
    )
    n = len(x)
    dx, dy = np.nan_to_num(record["offset"].astype(np.float64)).T
    return (
        patch.vectors(x, y),
        # offsets grow with the column, in which a patch's x falls, and with the row
        patch.vectors(x - dx, y + dy),
        record["score"],
        np.full(n, number, np.int32),
        depth(x, y),
        np.full(n, bool(record["many"])),
        *(record[name] for name in _DESCRIBED),
    )


def select(
    found: Detections,
    patches: Sequence[Patch],
    footprint: Footprint,
    *,
    threshold: float,
    radius_degrees: float,
) -> Detections:
    """Choose the detections that stand for a source each.

    Parameters
    ----------
    found : Detections
        Peaks of all patches.
    patches : sequence of Patch
        Those that were searched.
    footprint : Footprint
        Outside it there are no sources.
    threshold : float
        The score that a source exceeds.
    radius_degrees : float
        See `amphitrite.surveys.asid.interpret.peaks.suppress`.

    Notes
    -----
    A network sees only one side of what lies at a patch's edge.  So a detection counts
    only in the patch in which it lies deepest, or within 0.2 deg of as deep.
    """
    found = found[found.score > threshold]
    found = found[footprint.contains(found.vectors)]
    found = found[found.depth >= deepest(found.vectors, patches) - _DEPTH_SLACK]
    return found[suppress(found.vectors, found.score, radius_degrees=radius_degrees)]


def has_neighbour(
    vectors: NDArray[np.floating], *, degrees: float
) -> NDArray[np.bool_]:
    """Return which of (n, 3) unit vectors have another one closer than an angle."""
    close = np.zeros(len(vectors), bool)
    if len(vectors):
        chord = 2 * np.sin(np.radians(degrees) / 2)
        close[cKDTree(vectors).query_pairs(chord, output_type="ndarray").ravel()] = True
    return close


def exposure_correction(
    sky: Observation, found: Detections
) -> tuple[NDArray[np.floating], NDArray[np.bool_]]:
    """Return the factors from fluxes at the patches' exposure to the sources' own.

    Parameters
    ----------
    sky : Observation
        The photons with their exposure.
    found : Detections
        The sources, n of them.

    Returns
    -------
    factor : (n,) ndarray
        1 where the exposure of a source is not known.
    assumed : (n,) ndarray of bool
        Whether it is not known.
    """
    if sky.exposure is None:
        return np.ones(len(found)), np.ones(len(found), bool)
    used, patch_of = np.unique(found.patch, return_inverse=True)
    given = sky.exposure_of([centres()[number] for number in used])[patch_of]
    own = sky.exposure.at(found.sources)
    weights = np.array(EXPOSURE_WEIGHTS)
    assumed = np.logical_not(np.isfinite(own).all(axis=1))
    factor = (given @ weights) / np.where(assumed, 1.0, own @ weights)
    return np.where(assumed, 1.0, factor), assumed
