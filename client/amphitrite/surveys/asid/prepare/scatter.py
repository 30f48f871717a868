"""Counts in pixels as photons at random positions inside their pixels.

After that, binned inputs are treated like event lists: counts are conserved for pixels
of any kind, without interpolation.  The random numbers are seeded by the input's
checksum, so that a file always gives the same photons.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from amphitrite.errors import BadInput
from amphitrite.surveys.asid.bands import BANDS
from amphitrite.surveys.asid.prepare.coverage import Channel, band_of, coverage
from amphitrite.surveys.asid.prepare.photons import Footprint, Photons, check_usable

MOST_COUNTS: Final = 500_000_000
"""Limit of the number of photons, whose directions and bands take 6.5 GB of memory."""
MOST_IN_PIXEL: Final = 10_000_000
"""Limit of the counts in a pixel of a square degree or less.

The brightest pixel of 0.46 deg of a map of 573 weeks, above 2 GeV, has 31,055.
"""

_CHUNK: Final = 1 << 20
_COUNTS: Final = frozenset(
    "none 1 ct cts count counts ph photon photons event events".split()
) | {""}

Place = Callable[[NDArray[np.int64], np.random.Generator], NDArray[np.float64]]
"""Returns (n, 3) Galactic unit vectors at random positions inside (n,) pixels."""


@dataclass(frozen=True)
class Plane:
    """The pixels of one energy channel that hold counts.

    Parameters
    ----------
    pixels : (n,) ndarray of int64
        Their indices in the flattened image.
    counts : (n,) ndarray of int64
        The number of photons in each, one or more.
    """

    pixels: NDArray[np.int64]
    counts: NDArray[np.int64]


def check_unit(unit: object, *, path: Path) -> None:
    """Refuse a map whose unit is not counts.

    Parameters
    ----------
    unit : object
        ``BUNIT``, or the unit of a column; None if not stated.
    path : Path
        The file, for the message.

    Raises
    ------
    BadInput
        The unit is not counts or counts per pixel.
    """
    text = str(unit or "").strip().lower().replace(" ", "")
    for per_pixel in ("/pixel", "/pix", "pixel-1", "pix-1", "pixel**-1", "pix**-1"):
        text = text.removesuffix(per_pixel)
    if text not in _COUNTS:
        raise BadInput(
            f"{path} is not a map of counts: received the unit {unit!r}.\nGive the "
            "counts of photons themselves, not exposure, intensity or flux."
        )


def check_plane(
    counts: NDArray[np.floating],
    sky: NDArray[np.bool_] | None,
    *,
    channel: int,
    path: Path,
) -> tuple[Plane, NDArray[np.bool_]]:
    """Return the checked counts of one energy channel.

    Parameters
    ----------
    counts : (n,) ndarray
        Counts of all pixels; NaN where there is no sky.
    sky : (n,) ndarray of bool or None
        The pixels that cover the sky in the previous channels; None for the first one.
    channel : int
        Number of the channel, from 1, for messages.
    path : Path
        The file, for messages.

    Returns
    -------
    plane : Plane
        The pixels with counts.
    sky : (n,) ndarray of bool
        The pixels that cover the sky.

    Raises
    ------
    BadInput
        Counts are negative, infinite, not whole numbers or too many, or are NaN in some
        channels but not in others.
    """
    here = ~np.isnan(counts)
    if sky is not None and not np.array_equal(here, sky):
        raise BadInput(
            f"{np.count_nonzero(here != sky)} pixels of {path} are NaN in some energy "
            f"channels only (first seen in channel {channel}), so that it is not clear "
            "whether they show the sky.\nSet them to NaN in all channels, or in none."
        )
    for wrong, what in (
        (counts < 0, "negative"),
        (np.isinf(counts), "infinite"),
        (here & (counts != np.rint(counts)), "not whole numbers"),
    ):
        if wrong.any():
            raise BadInput(
                f"{np.count_nonzero(wrong)} counts in channel {channel} of {path} are "
                f"{what}: received {counts[wrong][0]:g}.\nGive the counts of photons "
                "as observed, not a model, an excess or a smoothed map."
            )
    pixels = np.flatnonzero(here & (counts > 0))
    if (most := counts[pixels].max(initial=0)) > MOST_COUNTS:
        _refuse_many(most, path)
    return Plane(pixels, counts[pixels].astype(np.int64)), here


def photons_of(
    planes: Sequence[Plane],
    channels: Sequence[Channel],
    *,
    place: Place,
    footprint: Footprint,
    pixel_degrees: float,
    seed: int,
    path: Path,
) -> Photons:
    """Return the counts of a cube as photons.

    Parameters
    ----------
    planes : sequence of Plane
        The counts of each channel.
    channels : sequence of Channel
        The energies of the channels.
    place : callable
        Returns random positions inside pixels; see `Place`.
    footprint : Footprint
        The region of the sky that the cube covers.
    pixel_degrees : float
        Side of a pixel in deg.
    seed : int
        Seed of the random numbers.
    path : Path
        The file, for messages.

    Raises
    ------
    BadInput
        No band is usable, or there are more than `MOST_COUNTS` counts, or more in one
        pixel than the LAT can have seen.
    """
    usable = coverage(channels)
    check_usable(usable, channels)
    filled, n_all = [], 0
    for plane, channel in zip(planes, channels, strict=True):
        n_all += int(plane.counts.sum())
        _check_brightest(plane, pixel_degrees, path)
        index = band_of(channel)
        if index is not None and BANDS[index] in usable:
            filled.append((plane, index))
    total = sum(int(plane.counts.sum()) for plane, _ in filled)
    if total > MOST_COUNTS:
        _refuse_many(total, path)
    vectors = np.empty((total, 3), dtype=np.float32)
    bands = np.empty(total, dtype=np.uint8)
    random, done = np.random.default_rng(seed), 0
    for plane, index in filled:
        for pixels in _repeated(plane):
            now = slice(done, done + len(pixels))
            vectors[now] = place(pixels, random)
            bands[now] = index
            done += len(pixels)
    return Photons(
        *(vectors, bands, usable, footprint),
        n_outside=n_all - total,
        pixel_degrees=pixel_degrees,
    )


def _check_brightest(plane: Plane, pixel_degrees: float, path: Path) -> None:
    """Refuse a pixel that is brighter than any of the sky."""
    limit = MOST_IN_PIXEL * max(1.0, pixel_degrees**2)
    if (most := plane.counts.max(initial=0)) > limit:
        raise BadInput(
            f"{path} has {most:.4g} counts in one pixel; the LAT could not have seen "
            f"more than {limit:.4g}.\nThe file is damaged, or its values are no counts "
            "of photons."
        )


def _repeated(plane: Plane) -> Iterator[NDArray[np.int64]]:
    """Yield the pixel of each photon, in chunks."""
    ends = np.cumsum(plane.counts)
    total = int(ends[-1]) if len(ends) else 0
    for start in range(0, total, _CHUNK):
        photons = np.arange(start, min(start + _CHUNK, total))
        yield plane.pixels[np.searchsorted(ends, photons, side="right")]


def _refuse_many(total: float, path: Path) -> None:
    raise BadInput(
        f"{path} holds too many counts: received {total:.4g}, the limit is "
        f"{MOST_COUNTS:.4g}.\nIf these are counts of photons, give a shorter time or a "
        "smaller part of the sky."
    )
