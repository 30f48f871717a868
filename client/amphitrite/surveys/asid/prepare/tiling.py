"""The patches that cover the sky, and the counts of photons in them.

Patches overlap, so that every direction is well inside one of them; a photon is counted
in every patch that contains it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Final

import numpy as np
from astropy_healpix import healpy
from numpy.typing import NDArray

from amphitrite.errors import BadInput
from amphitrite.surveys.asid.bands import BANDS
from amphitrite.surveys.asid.page import HALF
from amphitrite.surveys.asid.prepare.patches import (
    Patch,
    Vectors,
    depth,
    to_pixels,
    unit_vectors,
)
from amphitrite.surveys.asid.prepare.photons import Photons

NSIDE: Final = 8
LEAST_DEPTH: Final = 0.7
"""Least distance in deg of any direction from the edge of the patch around it."""

# At |b| < 41.8 deg the HEALPix centres of a ring are 11.25 deg apart, more than the
# width of a patch, and those of the next ring are shifted by half of that.  A direction
# between two neighbours is outside both or close to their edges; one more patch, midway
# between such a gap and the nearest gap of the next ring, covers both gaps.  These are
# the latitudes midway between rings 0 and 1, 2 and 3, 4 and 5, 6 and 7 from the
# equator, shifted so that the upper gaps are covered as well.
_GAP_LATITUDES: Final = (2.4, 12.1, 22.1, 33.243)
_GAP_LONGITUDE: Final = 11.25 / 4
# Nearer to the poles the rings shrink and the gaps are irregular.  These centres,
# rotated by 0, 90, 180 and 270 deg and mirrored to the south, and the two poles are the
# smallest set on a grid of 1.25 x 0.75 deg that covers the rest: the solution of this
# set-cover problem by integer programming.
_POLAR: Final = (
    *((lon, 44.25) for lon in (16.25, 27.5, 38.75, 50.0, 56.25, 70.0, 82.5, 88.75)),
    *((lon, 50.25) for lon in (32.5, 56.25)),
    *((lon, 56.25) for lon in (8.75, 38.75, 75.0, 88.75)),
    *((lon, 57.75) for lon in (23.75, 53.75)),
    (88.75, 62.25),
    *((lon, 63.75) for lon in (28.75, 65.0)),
    *((lon, 69.0) for lon in (53.75, 81.25)),
    (40.0, 75.0),
    (88.75, 80.25),
)

# Cells of 0.9 deg.  Few photons in the cells of a patch are outside the patch, and the
# cells' numbers still fit in 16 bits, which numpy sorts fast (by radix).
_CELLS_NSIDE: Final = 64
_CELL_REACH: Final = 1.0  # deg; more than from a cell's centre to its farthest corner
_PATCH_REACH: Final = 7.2  # deg; more than from a patch's centre to its corners
_CHUNK: Final = 1_000_000
_THREADS: Final = 2  # they run in parallel; more would only take memory
_FINEST: Final = max(band.pixels for band in BANDS)


@cache
def centres() -> tuple[Patch, ...]:
    """Return the patches that cover the sky; a patch's number is its index here.

    Numbers 0 to 767 are the HEALPix centres of NSIDE 8 in RING order, Galactic, as in
    Panes et al. 2021 (arXiv:2103.11068).  They miss the poles and slivers near
    latitudes of 24 deg, and leave many directions close to an edge.  Further centres
    are added so that every direction is at least 0.7 deg inside some patch.
    """
    lon, lat = healpy.pix2ang(NSIDE, np.arange(12 * NSIDE**2), lonlat=True)
    return (
        *(Patch(float(x), float(y)) for x, y in zip(lon, lat, strict=True)),
        *(Patch(*centre) for centre in _extra_centres()),
    )


def _extra_centres() -> Iterator[tuple[float, float]]:
    """Yield Galactic longitude and latitude in deg of the centres beside HEALPix's."""
    for south in (1, -1):
        for lat in _GAP_LATITUDES:
            for number in range(32):
                yield _GAP_LONGITUDE + 11.25 * number, south * lat
        for lon, lat in _POLAR:
            for turn in range(0, 360, 90):
                yield lon + turn, south * lat
        yield 0.0, south * 90.0


class Tiles:
    """Photons sorted by position, so that those of a patch are found quickly.

    Parameters
    ----------
    photons : Photons
        The photons of an input; those in unusable bands are left out.

    Raises
    ------
    BadInput
        A direction is not finite.
    """

    def __init__(self, photons: Photons) -> None:
        cells = np.concatenate([np.zeros(0, np.uint16), *_cells(photons.vectors)])
        order = np.argsort(cells, kind="stable")
        unusable = [band not in photons.coverage for band in BANDS]
        if any(unusable):
            order = order[~np.array(unusable)[photons.bands[order]]]
        # three times as fast as photons.vectors[order]
        self._vectors = photons.vectors.take(order, axis=0)
        self._bands = photons.bands[order]
        n_cells = 12 * _CELLS_NSIDE**2
        per_cell = np.bincount(cells[order], minlength=n_cells)
        self._starts = np.concatenate([[0], np.cumsum(per_cell)])
        self._centres = unit_vectors(
            *healpy.pix2ang(_CELLS_NSIDE, np.arange(n_cells), lonlat=True)
        )

    def __len__(self) -> int:
        return len(self._bands)

    def occupied(self, patches: Sequence[Patch]) -> list[int]:
        """Return the indices of the patches with photons inside or just outside."""
        return [
            number
            for number, patch in enumerate(patches)
            if any(stop > start for start, stop in self._slices(patch))
        ]

    def counts(self, patch: Patch) -> dict[str, NDArray[np.float32]]:
        """Return the counts of photons in the pixels of a patch, for each band.

        Parameters
        ----------
        patch : Patch
            The patch.

        Returns
        -------
        dict of str to (ny, nx) ndarray of float32
            Counts (ct) by tensor name, ``counts_<band>``, on the grid of
            `amphitrite.surveys.asid.prepare.patches.to_pixels`; all zero if the band is
            missing.
        """
        slices = [slice(*limits) for limits in self._slices(patch)]
        empty = slice(0, 0)
        vectors = np.concatenate([self._vectors[s] for s in slices or [empty]])
        bands = np.concatenate([self._bands[s] for s in slices or [empty]])
        x, y = patch.offsets(vectors)
        inside = (np.abs(x) < HALF) & (np.abs(y) < HALF)
        row, column = (
            # Rounding may move a photon at the edge beyond the last pixel.
            np.clip((c + 0.5).astype(np.int32), 0, _FINEST - 1)
            for c in to_pixels(x[inside], y[inside], pixels=_FINEST)
        )
        return _count(row, column, bands[inside])

    def _slices(self, patch: Patch) -> list[tuple[int, int]]:
        """Return the ranges of the sorted photons in the cells that a patch touches."""
        towards = unit_vectors(np.array(patch.lon), np.array(patch.lat))
        reach = np.cos(np.radians(_PATCH_REACH + _CELL_REACH))
        (cells,) = np.nonzero(self._centres @ towards > reach)
        cells = cells[depth(*patch.offsets(self._centres[cells])) > -_CELL_REACH]
        # Consecutive cells, as along a ring, form one range.
        breaks = np.flatnonzero(np.diff(cells) > 1) + 1
        first, last = cells[np.r_[0, breaks]], cells[np.r_[breaks - 1, -1]]
        starts, stops = self._starts[first], self._starts[last + 1]
        full = stops > starts
        return list(zip(starts[full].tolist(), stops[full].tolist(), strict=True))


def _cells(vectors: NDArray[np.float32]) -> list[NDArray[np.uint16]]:
    """Return the HEALPix cells of directions, in chunks to save memory."""
    chunks = [vectors[at : at + _CHUNK] for at in range(0, len(vectors), _CHUNK)]
    with ThreadPoolExecutor(_THREADS) as pool:
        return list(pool.map(_chunk_cells, chunks))


def _chunk_cells(vectors: NDArray[np.float32]) -> NDArray[np.uint16]:
    if not np.isfinite(vectors).all():
        bad = int((~np.isfinite(vectors)).any(axis=1).sum())
        raise BadInput(
            f"every photon needs a direction; received {bad} that are NaN or "
            "infinite; remove them from the input"
        )
    return np.asarray(healpy.vec2pix(_CELLS_NSIDE, *vectors.T), np.uint16)


def _count(
    row: NDArray[np.int32], column: NDArray[np.int32], bands: NDArray[np.uint8]
) -> dict[str, NDArray[np.float32]]:
    """Return the counts of each band from rows and columns on the finest grid."""
    pixels = np.array([band.pixels for band in BANDS])
    starts = np.concatenate([[0], np.cumsum(pixels**2)])
    shrink = (_FINEST // pixels).astype(np.int32)[bands]
    flat = starts[:-1].astype(np.int32)[bands] + (
        row // shrink * pixels.astype(np.int32)[bands] + column // shrink
    )
    counts = np.bincount(flat, minlength=starts[-1]).astype(np.float32)
    return {
        f"counts_{band.name}": counts[start:stop].reshape(band.pixels, band.pixels)
        for band, start, stop in zip(BANDS, starts[:-1], starts[1:], strict=True)
    }


def deepest(vectors: Vectors, patches: Sequence[Patch]) -> NDArray[np.float64]:
    """Return the largest depth of directions in any of several patches in deg.

    Parameters
    ----------
    vectors : (n, 3) ndarray
        Galactic unit vectors.
    patches : sequence of Patch
        The patches.

    Returns
    -------
    (n,) ndarray of float64
        Distance from the patch's nearest edge in deg, in the patch where it is largest
        (see `amphitrite.surveys.asid.prepare.patches.depth`); minus infinity far from
        all patches.
    """
    found = np.full(len(vectors), -np.inf)
    reach = np.cos(np.radians(_PATCH_REACH))
    for patch in patches:
        towards = unit_vectors(np.array(patch.lon), np.array(patch.lat))
        (near,) = np.nonzero(vectors @ towards > reach)
        depths = depth(*patch.offsets(vectors[near]))
        found[near] = np.maximum(found[near], depths)
    return found
