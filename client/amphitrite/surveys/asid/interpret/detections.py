"""Detections, the peaks of all patches on the sky, and the selection of sources."""

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

# deg.  A source may be equally deep in two patches, and each may place it on the side
# of the other, so that none would count it.  With this tolerance both may count it.
_DEPTH_SLACK: Final = 0.2
# The fields that `describe` returns, without the offset, which is part of the position.
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
        Galactic unit vectors of the sources according to the network of positions;
        those of the peaks without its answer.
    score : (n,) ndarray of float32
        Laplacian-of-Gaussian response of the peaks.
    patch : (n,) ndarray of int32
        Index of the patch in `amphitrite.surveys.asid.prepare.tiling.centres`.
    depth : (n,) ndarray of float64
        Distance from the patch's nearest edge in deg.
    many : (n,) ndarray of bool
        Whether the patch has more peaks than the server lists.
    log10_flux, flux_variance, p_fake, offset_variance : (n,) ndarray of float32
        See `amphitrite.surveys.asid.interpret.descriptions.describe`; NaN without
        answers of the networks.
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
        """Return the detections of all patches.

        Parameters
        ----------
        records : mapping of int to mapping
            Of each patch, by its number: ``row``, ``column`` and ``score`` of its
            peaks, ``many``, and the fields of `FIELDS`.
        """
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
        # the first offset increases with the column, in which x decreases
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
    """Return one detection for each source.

    Parameters
    ----------
    found : Detections
        Peaks of all patches.
    patches : sequence of Patch
        The patches that were searched.
    footprint : Footprint
        The region that the input covers; detections outside it are dropped.
    threshold : float
        Score that a detection must exceed.
    radius_degrees : float
        Radius in deg within which detections count as the same source; see
        `amphitrite.surveys.asid.interpret.peaks.suppress`.

    Returns
    -------
    Detections
        By decreasing score.

    Notes
    -----
    At a patch's edge the network sees only one side of a source.  A detection therefore
    counts only in the patch in which it is deepest, or within 0.2 deg of that depth.
    """
    found = found[found.score > threshold]
    found = found[footprint.contains(found.vectors)]
    found = found[found.depth >= deepest(found.vectors, patches) - _DEPTH_SLACK]
    return found[suppress(found.vectors, found.score, radius_degrees=radius_degrees)]


def has_neighbour(
    vectors: NDArray[np.floating], *, degrees: float
) -> NDArray[np.bool_]:
    """Return whether each of (n, 3) unit vectors has another one within an angle."""
    close = np.zeros(len(vectors), bool)
    if len(vectors):
        chord = 2 * np.sin(np.radians(degrees) / 2)
        close[cKDTree(vectors).query_pairs(chord, output_type="ndarray").ravel()] = True
    return close


def exposure_correction(
    sky: Observation, found: Detections
) -> tuple[NDArray[np.floating], NDArray[np.bool_]]:
    """Return the factors that correct fluxes for the exposure at the sources.

    The network assumes the exposure at the patch's centre.

    Parameters
    ----------
    sky : Observation
        The photons with their exposure.
    found : Detections
        The n sources.

    Returns
    -------
    factor : (n,) ndarray of float64
        Ratio of the exposure at the patch's centre to that at the source; 1 where the
        latter is not known.
    assumed : (n,) ndarray of bool
        Whether the exposure at the source is not known.
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
